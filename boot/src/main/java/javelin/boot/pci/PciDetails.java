package javelin.boot.pci;

import static javelin.boot.host.TextLines.pad;

import java.util.List;
import java.util.Map;
import javelin.boot.host.TextLines;
import javelin.passthrough.binding.TakePlan;
import javelin.passthrough.binding.TakeStep;
import javelin.passthrough.host.HostAddress;
import javelin.passthrough.host.HostBar;
import javelin.passthrough.host.HostDevice;
import javelin.passthrough.host.IommuGroup;
import javelin.passthrough.host.PciCapabilities;
import javelin.passthrough.host.verdict.Verdict;

/** All that is known of one PCI device, and what taking it would do, for people. */
public final class PciDetails {
  private static final int WIDTH = 100;
  private static final int VALUE_COLUMN = 15;
  private static final int STEP_COLUMN = 5;

  private final PciReport report;
  private final HostDevice device;
  private final TextLines text;

  private PciDetails(PciReport report, HostDevice device, TextLines text) {
    this.report = report;
    this.device = device;
    this.text = text;
  }

  /** The lines about {@code devices}, with an empty one between two. */
  public static List<String> lines(PciReport report, List<HostDevice> devices) {
    TextLines text = new TextLines(WIDTH);
    for (HostDevice device : devices) {
      if (!text.lines().isEmpty()) {
        text.add("");
      }
      new PciDetails(report, device, text).add();
    }
    return text.lines();
  }

  private void add() {
    text.add(device.address() + "  " + report.names().className(device.ids()));
    identity();
    binding();
    resources();
    verdict();
    plans();
  }

  private void fact(String name, Object value) {
    text.append(pad("  " + name, VALUE_COLUMN), value.toString(), VALUE_COLUMN);
  }

  private void identity() {
    PciWords.name(report.names(), device).ifPresent(name -> fact("Name", name));
    fact(
        "ID", device.ids().text() + ", revision " + String.format("%02x", device.ids().revision()));
    fact(
        "Subsystem",
        String.format("%04x:%04x", device.ids().subsystemVendor(), device.ids().subsystemDevice()));
    fact("Class code", PciWords.classCode(device.ids().classCode()));
    fact("Header", device.answers() ? "type " + device.headerType() : "does not answer");
    fact("Path", device.path());
    fact("Modalias", device.modalias());
    if (device.numaNode() >= 0) {
      fact("NUMA node", device.numaNode());
    }
    if (device.bootVga()) {
      fact("Boot VGA", "yes");
    }
  }

  private void binding() {
    fact("Driver", device.driver().orElse("none"));
    device.driverOverride().ifPresent(driver -> fact("Override", "only " + driver + " may bind"));
    fact(
        "IOMMU group",
        device.group().map(group -> Integer.toString(group.number())).orElse("none"));
    for (HostDevice member : report.companions(device)) {
      fact(
          "",
          "with "
              + member.address()
              + ", "
              + report.names().className(member.ids())
              + member.driver().map(driver -> ", driver " + driver).orElse(", no driver"));
    }
    device.group().stream()
        .map(IommuGroup::reserved)
        .flatMap(List::stream)
        .forEach(range -> fact("Reserved", range));
  }

  private void resources() {
    for (HostBar bar : device.bars()) {
      boolean rom = bar.index() == HostBar.ROM_INDEX;
      fact(rom ? "ROM" : "BAR " + bar.index(), PciWords.barKind(bar));
    }
    if (device.capabilities().isPresent()) {
      PciCapabilities capabilities = device.capabilities().get();
      fact("MSI", vectors(capabilities.msiVectors()));
      fact("MSI-X", vectors(capabilities.msixVectors()));
      fact("Port type", capabilities.portType().words());
    } else {
      fact("MSI", "unknown: only root may read the capabilities");
    }
    fact("Reset", report.resets(device));
    PciWords.sriov(device.sriov()).ifPresent(role -> fact("SR-IOV", role));
    report.uses(device).forEach(use -> fact("In use", use.words()));
  }

  private static String vectors(int count) {
    return count == 0 ? "none" : count == 1 ? "1 vector" : count + " vectors";
  }

  private void verdict() {
    Verdict verdict = report.verdict(device);
    text.add("");
    String reason = verdict.reason().isEmpty() ? "" : ": " + verdict.reason();
    text.append("Verdict: ", verdict.kind().words() + reason, 2);
  }

  private void plans() {
    for (Map.Entry<HostAddress, TakePlan> entry : report.plans(device).entrySet()) {
      TakePlan plan = entry.getValue();
      text.add("");
      if (plan.take().isEmpty()) {
        text.add(entry.getKey() + " is taken by now");
      } else {
        text.add("Taking " + entry.getKey() + " would");
        steps(plan.take());
        text.add("The host would lose");
        (plan.losses().isEmpty() ? List.of("nothing that has a name") : plan.losses())
            .forEach(loss -> text.add("  " + loss));
      }
      text.add("Giving " + entry.getKey() + " back would");
      steps(plan.giveBack());
    }
  }

  private void steps(List<TakeStep> steps) {
    for (int i = 0; i < steps.size(); i++) {
      TakeStep step = steps.get(i);
      text.append(pad("  " + (i + 1) + ".", STEP_COLUMN), step.words(), STEP_COLUMN);
      if (!step.file().isEmpty()) {
        text.add(" ".repeat(STEP_COLUMN) + written(step) + step.file());
      }
    }
  }

  private static String written(TakeStep step) {
    if (step.value().isEmpty()) {
      return "";
    }
    return (step.value().isBlank() ? "an empty line" : step.value().strip()) + " > ";
  }
}
