package javelin.boot.cli;

import java.io.PrintWriter;
import java.util.ArrayList;
import java.util.List;
import javelin.boot.pci.PciDetails;
import javelin.boot.pci.PciJson;
import javelin.boot.pci.PciReport;
import javelin.passthrough.host.HostAddress;
import javelin.passthrough.host.HostDevice;
import javelin.passthrough.host.NoSuchDeviceException;
import javelin.vmm.linux.HostFiles;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.ParseResult;

/** {@code javelin pci show}: everything about some devices, and what taking them would do. */
final class PciShowCommand implements Command {
  private final CommandSpec spec = CommandSpec.create();

  PciShowCommand() {
    spec.addPositional(PciDevices.parameter());
    spec.addOption(PciDevices.json());
    spec.usageMessage()
        .description(
            "Shows all that is known of PCI devices and, step by step, what taking each for a guest"
                + " and giving it back would do. It changes nothing.",
            "");
  }

  @Override
  public CommandSpec spec() {
    return spec;
  }

  @Override
  public int run(ParseResult arguments) {
    PciReport report = new PciReport(HostFiles.system(), System.getenv());
    List<HostDevice> devices = devices(report, PciDevices.of(arguments));
    PrintWriter out = spec.commandLine().getOut();
    if (PciDevices.isJson(arguments)) {
      out.println(PciJson.show(report, devices));
      return ExitCode.OK;
    }
    PciDetails.lines(report, devices).forEach(out::println);
    return ExitCode.OK;
  }

  private static List<HostDevice> devices(PciReport report, List<HostAddress> addresses) {
    List<HostDevice> devices = new ArrayList<>();
    for (HostAddress address : addresses) {
      try {
        devices.add(report.device(address));
      } catch (NoSuchDeviceException e) {
        throw new CommandException(ExitCode.USAGE, e.getMessage());
      }
    }
    return devices;
  }
}
