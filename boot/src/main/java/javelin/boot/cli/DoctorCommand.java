package javelin.boot.cli;

import java.io.PrintWriter;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import javelin.boot.host.DoctorReport;
import javelin.boot.host.HostReport;
import javelin.boot.host.KvmProbe;
import javelin.boot.host.ReportJson;
import javelin.boot.host.ReportText;
import javelin.boot.host.Verdict;
import javelin.boot.machine.MachineConfig;
import javelin.boot.machine.Units;
import javelin.passthrough.host.HostAddress;
import javelin.passthrough.host.NoSuchDeviceException;
import javelin.passthrough.preflight.GuestLayout;
import javelin.passthrough.preflight.Preflight;
import javelin.vmm.linux.HostFiles;
import javelin.vmm.linux.Linux;
import javelin.vmm.memory.RamConfig;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Model.OptionSpec;
import picocli.CommandLine.ParseResult;

/** {@code javelin doctor}: what stands against giving this host's devices to a guest. */
final class DoctorCommand implements Command {
  private static final String MEMORY = "--memory";

  private final CommandSpec spec = CommandSpec.create();

  DoctorCommand() {
    spec.addPositional(PciDevices.optionalParameter());
    spec.addOption(
        OptionSpec.builder(MEMORY)
            .type(String.class)
            .paramLabel("SIZE")
            .description("RAM that the guest would have, such as 512M or 2G. Default: 512M.")
            .build());
    spec.addOption(PciDevices.json());
    spec.usageMessage()
        .description(
            "Looks for all that stands against giving this host's PCI devices to a guest, each with"
                + " its way out: KVM, IOMMU, interrupt remapping, modules, nodes, limits, and the"
                + " devices. Devices that are named are looked at as for one guest. It changes"
                + " nothing. `javelin run --assign` looks in the same way before it takes a device.",
            "")
        .exitCodeListHeading("%nExit codes:%n")
        .exitCodeList(
            new TreeMap<>(
                Map.of(
                    Integer.toString(ExitCode.OK),
                    "a device can be assigned now; where some are named, all of them to one guest",
                    Integer.toString(ExitCode.USAGE),
                    "the arguments are not understood, or there is no such device",
                    Integer.toString(ExitCode.START_ERROR),
                    "something stands against it")));
  }

  @Override
  public CommandSpec spec() {
    return spec;
  }

  @Override
  public int run(ParseResult arguments) {
    HostReport report = report(PciDevices.of(arguments), ram(arguments));
    PrintWriter out = spec.commandLine().getOut();
    if (PciDevices.isJson(arguments)) {
      out.println(ReportJson.of(report));
    } else {
      ReportText.lines(report, ReportText.DOCTOR_MARKS).forEach(out::println);
    }
    return report.verdicts().stream().allMatch(Verdict::possible)
        ? ExitCode.OK
        : ExitCode.START_ERROR;
  }

  private static HostReport report(List<HostAddress> named, RamConfig ram) {
    HostFiles files = HostFiles.system();
    Linux linux = Linux.system();
    GuestLayout guest = AssignmentCheck.guest(ram, files);
    KvmProbe kvm = KvmProbe.of(linux, MachineConfig.DEV_KVM.toString());
    Preflight preflight = new Preflight(files, linux, System.getenv());
    DoctorReport doctor = new DoctorReport(preflight, guest, kvm);
    try {
      return named.isEmpty() ? doctor.ofAll() : doctor.of(named);
    } catch (NoSuchDeviceException e) {
      throw new CommandException(ExitCode.USAGE, e.getMessage());
    }
  }

  private static RamConfig ram(ParseResult arguments) {
    String text = arguments.matchedOptionValue(MEMORY, (String) null);
    try {
      long size = text == null ? MachineConfig.DEFAULT_RAM : Units.parseSize(text);
      if (size < MachineConfig.MIN_RAM) {
        throw new IllegalArgumentException(
            "a guest has " + Units.formatSize(MachineConfig.MIN_RAM) + " at least");
      }
      return RamConfig.of(size);
    } catch (IllegalArgumentException e) {
      throw new CommandException(ExitCode.USAGE, MEMORY + " " + text + ": " + e.getMessage());
    }
  }
}
