package javelin.boot.cli;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.function.Function;
import javelin.boot.lab.Iommu;
import javelin.boot.lab.Lab;
import javelin.boot.lab.LabDevice;
import javelin.boot.lab.LabException;
import javelin.boot.lab.LabOptions;
import javelin.boot.machine.Units;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Model.OptionSpec;
import picocli.CommandLine.Model.PositionalParamSpec;
import picocli.CommandLine.ParseResult;

/** {@code javelin lab}: runs a command on a virtual host with an IOMMU. */
final class LabCommand implements Command {
  /** Exit code when the lab itself fails, so that it differs from what commands end with. */
  static final int LAB_FAILED = 125;

  @Override
  public CommandSpec spec() {
    CommandSpec spec = CommandSpec.create();
    spec.usageMessage()
        .customSynopsis("javelin lab [OPTION]... [--] [COMMAND [ARGUMENT]...]")
        .description(
            "Runs COMMAND as root on a virtual host that has an IOMMU, /dev/kvm and /dev/vfio, in the"
                + " same folder; without one, a shell. It needs QEMU and busybox, and neither root nor"
                + " /dev/kvm. The host sees this machine's files; what COMMAND changes is gone at the"
                + " end, but for what it writes to the folder of --out.",
            "")
        .footer(
            "",
            "Exit code: that of COMMAND, or 125 if the lab itself failed.",
            "Example: javelin lab --device e1000e -- ls /sys/kernel/iommu_groups");
    // What follows the first word of COMMAND is its own, also what looks like an option.
    spec.parser().stopAtPositional(true);
    spec.addOption(
        option("--iommu", "KIND", "intel", "IOMMU of the host: intel (default), amd or none."));
    spec.addOption(
        OptionSpec.builder("--device")
            .paramLabel("MODEL")
            .type(List.class)
            .auxiliaryTypes(String.class)
            .description(
                "A PCI device of the host, in QEMU's words, such as edu, e1000e or nvme; properties"
                    + " may follow (edu,addr=9). May be given again.")
            .build());
    spec.addOption(
        option(
            "--kernel",
            "NAME",
            LabOptions.DEFAULT_KERNEL,
            "Kernel of the host: a Debian package, fetched once into the user's cache folder, or a"
                + " bzImage with lib/modules beside it or above (default: linux-image-amd64)."));
    spec.addOption(
        option("--append", "TEXT", "", "More for the command line of the host's kernel."));
    spec.addOption(
        OptionSpec.builder("--qemu")
            .paramLabel("FILE")
            .type(Path.class)
            .description(
                "QEMU's x86 system emulator (default: the one in PATH from release 10.2 on, which is"
                    + " the first to emulate a processor with virtualization reliably; otherwise"
                    + " one of Debian's, fetched once into the user's cache folder).")
            .build());
    spec.addOption(option("--memory", "SIZE", "3G", "RAM of the host (default: 3G)."));
    spec.addOption(option("--cpus", "COUNT", "2", "CPUs of the host (default: 2)."));
    spec.addOption(
        OptionSpec.builder("--out")
            .paramLabel("FOLDER")
            .type(Path.class)
            .description("A folder that COMMAND may write to; made when it is missing.")
            .build());
    spec.addOption(
        option("--timeout", "TIME", "2m", "How long the host may take to come up (default: 2m)."));
    spec.addOption(
        OptionSpec.builder("--keep")
            .type(boolean.class)
            .arity("0")
            .description("Keep the host's console log and initramfs, and say where.")
            .build());
    spec.addPositional(
        PositionalParamSpec.builder()
            .paramLabel("COMMAND")
            .arity("0..*")
            .type(List.class)
            .auxiliaryTypes(String.class)
            .description("The command and its arguments.")
            .build());
    return spec;
  }

  private static OptionSpec option(String name, String label, String value, String text) {
    return OptionSpec.builder(name)
        .paramLabel(label)
        .type(String.class)
        .defaultValue(value)
        .description(text)
        .build();
  }

  @Override
  public int run(ParseResult arguments) throws InterruptedException {
    try {
      return Lab.run(options(arguments));
    } catch (LabException e) {
      throw new CommandException(LAB_FAILED, e.getMessage());
    } catch (IOException e) {
      throw new CommandException(LAB_FAILED, "the lab cannot work: " + e.getMessage());
    }
  }

  /** The options as a record. */
  static LabOptions options(ParseResult arguments) throws IOException {
    List<String> devices = arguments.matchedOptionValue("--device", List.of());
    return new LabOptions(
        Iommu.parse(text(arguments, "--iommu")),
        devices.stream().map(LabDevice::parse).toList(),
        text(arguments, "--kernel"),
        text(arguments, "--append"),
        arguments.matchedOptionValue("--qemu", null),
        size(arguments),
        count(arguments),
        out(arguments),
        time(arguments),
        arguments.matchedOptionValue("--keep", false),
        Path.of("").toAbsolutePath(),
        arguments.matchedPositionalValue(0, List.of()));
  }

  private static String text(ParseResult arguments, String option) {
    return arguments.commandSpec().findOption(option).getValue();
  }

  private static long size(ParseResult arguments) {
    return measure(arguments, "--memory", Units::parseSize);
  }

  private static Duration time(ParseResult arguments) {
    return measure(arguments, "--timeout", Units::parseTime);
  }

  private static <T> T measure(ParseResult arguments, String option, Function<String, T> parser) {
    String text = text(arguments, option);
    try {
      return parser.apply(text);
    } catch (IllegalArgumentException e) {
      throw new LabException(option + " " + text + ": " + e.getMessage(), e);
    }
  }

  private static int count(ParseResult arguments) {
    String text = text(arguments, "--cpus");
    try {
      return Integer.parseInt(text);
    } catch (NumberFormatException e) {
      throw new LabException("--cpus " + text + ": give a number", e);
    }
  }

  private static Path out(ParseResult arguments) throws IOException {
    Path out = arguments.matchedOptionValue("--out", null);
    return out == null ? null : Files.createDirectories(out.toAbsolutePath().normalize());
  }
}
