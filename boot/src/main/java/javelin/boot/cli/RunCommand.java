package javelin.boot.cli;

import java.util.List;
import javelin.boot.machine.ConfigException;
import javelin.boot.machine.LaunchPhase;
import javelin.boot.machine.LaunchTimes;
import javelin.boot.machine.MachineConfig;
import javelin.vmm.linux.Linux;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.ParseResult;

/** {@code javelin run}: one guest, from its options to its exit code. */
final class RunCommand implements Command {
  private final CommandSpec spec = CommandSpec.create();

  RunCommand() {
    spec.usageMessage()
        .customSynopsis("javelin run [OPTION]...")
        .description(
            "Runs a guest on this machine's KVM until it powers off. Without options: the built-in"
                + " guest, which checks the machine and says what it finds.")
        .exitCodeListHeading("%nExit codes:%n")
        .exitCodeList(ExitCode.help())
        .footer(
            "",
            "On a terminal: " + ConsoleKeys.HELP + ".",
            "A comma in a name is written twice: --disk a,,b.img,readonly=on.",
            "",
            "Examples:",
            "  javelin run",
            "  javelin run --assign demo",
            "  javelin run --guest assign-check",
            "  javelin run --guest virtio-check --disk scratch.img --rng",
            "  javelin run --kernel vmlinuz --initrd initrd.img --append console=ttyS0",
            "  javelin run --kernel bzImage --memory 4G --cpus 4 --hugepages 2M --stats",
            "  javelin run --kernel vmlinuz --append root=/dev/vda --disk root.img --rng",
            "  javelin run --kernel vmlinuz --append root=/dev/vda --disk nbd:unix:disk.sock",
            "  javelin run --kernel vmlinuz --append console=hvc0 --console stdio --serial null",
            "  javelin run --kernel vmlinuz --console-port name=agent,to=socket:agent.sock",
            "  javelin run --kernel vmlinuz --memory 2G --balloon size=512M --control vm.ctl",
            "  javelin run --kernel vmlinuz --vsock cid=3,path=vm.sock",
            "  javelin run --kernel vmlinuz --fs tag=src,dir=/usr/src",
            "  javelin run --kernel test.flat --serial file:test.log --timeout 30s");
  }

  @Override
  public void expect(List<String> arguments) {
    boolean forHelp =
        arguments.isEmpty() || arguments.contains("-h") || arguments.contains("--help");
    RunOptions.addTo(spec, forHelp);
  }

  @Override
  public CommandSpec spec() {
    return spec;
  }

  @Override
  public int run(ParseResult arguments) throws InterruptedException {
    LaunchTimes launch = new LaunchTimes();
    launch.reached(LaunchPhase.JVM, Main.ENTERED);
    MachineConfig config;
    try {
      config = RunOptions.config(arguments);
    } catch (ConfigException e) {
      throw new CommandException(ExitCode.USAGE, e.getMessage());
    }
    launch.reached(LaunchPhase.COMMAND_LINE);
    Linux linux = Linux.system();
    launch.reached(LaunchPhase.NATIVE);
    boolean table = arguments.hasMatchedOption("--stats");
    boolean force = arguments.hasMatchedOption("--force");
    return new GuestRun(config, table, force, spec.commandLine().getErr(), linux, launch).run();
  }
}
