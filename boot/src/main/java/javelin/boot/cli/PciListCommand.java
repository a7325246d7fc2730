package javelin.boot.cli;

import java.io.PrintWriter;
import javelin.boot.pci.PciJson;
import javelin.boot.pci.PciReport;
import javelin.boot.pci.PciTable;
import javelin.vmm.linux.HostFiles;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.ParseResult;

/** {@code javelin pci list}: this host's PCI devices, and which of them can be assigned. */
final class PciListCommand implements Command {
  private final CommandSpec spec = CommandSpec.create();

  PciListCommand() {
    spec.addOption(PciDevices.json());
    spec.usageMessage()
        .description(
            "Lists this host's PCI devices with what they are, what they have, and whether guests"
                + " can be given them: assignable; with its group (companions must go along); in use"
                + " (by what); no reset; never; no IOMMU. Needs no root, but only root sees MSI and"
                + " MSI-X.",
            "");
  }

  @Override
  public CommandSpec spec() {
    return spec;
  }

  @Override
  public int run(ParseResult arguments) {
    PciReport report = new PciReport(HostFiles.system(), System.getenv());
    PrintWriter out = spec.commandLine().getOut();
    if (PciDevices.isJson(arguments)) {
      out.println(PciJson.list(report));
    } else {
      PciTable.lines(report).forEach(out::println);
    }
    return ExitCode.OK;
  }
}
