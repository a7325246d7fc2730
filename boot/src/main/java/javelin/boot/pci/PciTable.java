package javelin.boot.pci;

import static javelin.boot.host.TextLines.pad;

import java.util.Collection;
import java.util.List;
import javelin.boot.host.TextLines;
import javelin.passthrough.host.HostDevice;
import javelin.passthrough.host.verdict.Verdict;

/**
 * A host's PCI devices as a table for people, in 100 columns: a row for each, and below it, from
 * the second column, its name where that is known, its resources, and the reason of the verdict.
 */
public final class PciTable {
  private static final int WIDTH = 100;
  private static final int ID_WIDTH = 11;
  private static final int CLASS_WIDTH = 34;
  private static final int DRIVER_WIDTH = 16;
  private static final int GROUP_WIDTH = 7;

  private final PciReport report;
  private final int addressWidth;
  private final TextLines text = new TextLines(WIDTH);

  private PciTable(PciReport report) {
    this.report = report;
    addressWidth =
        2
            + report.devices().stream()
                .mapToInt(device -> device.address().toString().length())
                .max()
                .orElse(0);
  }

  /** The lines of the table. */
  public static List<String> lines(PciReport report) {
    Collection<HostDevice> devices = report.devices();
    if (devices.isEmpty()) {
      return List.of("no PCI devices");
    }
    PciTable table = new PciTable(report);
    table.row("ADDRESS", "ID", "CLASS", "DRIVER", "GROUP", "VERDICT");
    devices.forEach(table::add);
    return table.text.lines();
  }

  private void row(
      String address, String id, String type, String driver, String group, String verdict) {
    text.add(
        pad(address, addressWidth)
            + pad(id, ID_WIDTH)
            + pad(PciWords.cut(type, CLASS_WIDTH - 2), CLASS_WIDTH)
            + pad(PciWords.cut(driver, DRIVER_WIDTH - 2), DRIVER_WIDTH)
            + pad(group, GROUP_WIDTH)
            + verdict);
  }

  private void add(HostDevice device) {
    Verdict verdict = report.verdict(device);
    row(
        device.address().toString(),
        device.ids().text(),
        report.names().className(device.ids()),
        device.driver().orElse("-"),
        device.group().map(group -> Integer.toString(group.number())).orElse("-"),
        verdict.kind().words());
    PciWords.name(report.names(), device).ifPresent(this::below);
    below(PciWords.summary(device, report.resets(device)));
    if (!verdict.reason().isEmpty()) {
      below(verdict.reason());
    }
  }

  private void below(String words) {
    text.append(" ".repeat(addressWidth), words, addressWidth);
  }
}
