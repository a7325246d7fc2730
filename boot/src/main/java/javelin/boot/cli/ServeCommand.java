package javelin.boot.cli;

import java.io.PrintWriter;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.List;
import java.util.concurrent.CountDownLatch;
import javelin.boot.machine.ConfigException;
import javelin.boot.machine.ServedDevice;
import javelin.passthrough.faults.Fault;
import javelin.passthrough.model.DeviceModel;
import javelin.passthrough.vfiouser.server.VfioUserServer;
import javelin.vmm.event.ListenException;
import javelin.vmm.linux.ErrnoException;
import javelin.vmm.linux.Linux;
import javelin.vmm.linux.Resources;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Model.OptionSpec;
import picocli.CommandLine.Model.PositionalParamSpec;
import picocli.CommandLine.ParseResult;

/** {@code javelin serve}: a device of Javelin's, for any monitor that speaks vfio-user. */
final class ServeCommand implements Command {
  private static final String SOCKET = "--socket";
  private static final String DISK = "--disk";
  private static final String FAULT = "--fault";

  private final CommandSpec spec = CommandSpec.create();

  ServeCommand() {
    spec.addPositional(
        PositionalParamSpec.builder()
            .index("0")
            .arity("1")
            .type(String.class)
            .paramLabel("DEVICE")
            .completionCandidates(ServedDevice.names())
            .description(
                "edu, like QEMU's; msix, Javelin's test function; or nvme, a controller with one"
                    + " namespace on --disk.")
            .build());
    spec.addOption(
        OptionSpec.builder(SOCKET)
            .type(String.class)
            .required(true)
            .paramLabel("PATH")
            .description("Where a monitor connects; one at a time is served.")
            .build());
    spec.addOption(
        OptionSpec.builder(DISK)
            .type(Path.class)
            .paramLabel("FILE")
            .description("What nvme's namespace is on: a raw image file, or a block device.")
            .build());
    spec.addOption(
        OptionSpec.builder(FAULT)
            .type(String[].class)
            .paramLabel("NAME[:N]")
            .hideParamSyntax(true)
            .description("What the device does wrong, the N-th time: " + Fault.names() + ".")
            .build());
    spec.usageMessage()
        .description(
            "Serves a device by vfio-user until it is ended, by Ctrl-C or SIGTERM. The device keeps"
                + " its state from client to client.",
            "")
        .footer(
            "",
            "Examples:",
            "  javelin serve edu --socket edu.sock",
            "  javelin serve nvme --disk disk.img --socket nvme.sock",
            "  javelin run --guest assign-check --assign user:edu.sock",
            "  qemu-system-x86_64 -M q35,memory-backend=m \\",
            "      -object memory-backend-memfd,id=m,size=1G,share=on -m 1G \\",
            "      -device '{\"driver\":\"vfio-user-pci\","
                + "\"socket\":{\"type\":\"unix\",\"path\":\"edu.sock\"}}'");
  }

  @Override
  public CommandSpec spec() {
    return spec;
  }

  @Override
  @SuppressWarnings("try") // the signals are there to be closed
  public int run(ParseResult arguments) throws InterruptedException {
    String path = arguments.matchedOptionValue(SOCKET, "");
    CountDownLatch ended = new CountDownLatch(1);
    try (SignalHook term = new SignalHook("TERM", (name, number) -> ended.countDown());
        SignalHook interrupt = new SignalHook("INT", (name, number) -> ended.countDown());
        Resources disk = new Resources();
        VfioUserServer server =
            VfioUserServer.listen(
                Linux.system(), path, model(arguments, disk), faults(arguments), this::say)) {
      say(arguments.matchedPositionalValue(0, "") + " is served at " + path);
      ended.await();
      return ExitCode.OK;
    } catch (ConfigException e) {
      throw new CommandException(ExitCode.START_ERROR, e.getMessage());
    } catch (ListenException | ErrnoException e) {
      throw new CommandException(ExitCode.START_ERROR, SOCKET + ": " + e.getMessage());
    }
  }

  private static DeviceModel model(ParseResult arguments, Resources owned) {
    try {
      return ServedDevice.parse(arguments.matchedPositionalValue(0, ""))
          .open(Linux.system(), arguments.matchedOptionValue(DISK, null), owned);
    } catch (IllegalArgumentException e) {
      throw new CommandException(ExitCode.USAGE, e.getMessage());
    }
  }

  private static List<Fault> faults(ParseResult arguments) {
    try {
      String[] texts = arguments.matchedOptionValue(FAULT, new String[0]);
      return Arrays.stream(texts).map(Fault::parse).toList();
    } catch (IllegalArgumentException e) {
      throw new CommandException(ExitCode.USAGE, FAULT + ": " + e.getMessage());
    }
  }

  private void say(String message) {
    PrintWriter err = spec.commandLine().getErr();
    err.println("javelin: " + message);
    err.flush();
  }
}
