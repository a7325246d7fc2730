package javelin.passthrough.preflight;

import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import javelin.passthrough.host.HostDevice;
import javelin.passthrough.host.HostInventory;
import javelin.passthrough.host.IommuGroup;
import javelin.passthrough.host.NoReset;
import javelin.passthrough.host.PciNames;
import javelin.passthrough.host.ResetScope;
import javelin.passthrough.host.use.DeviceUse;
import javelin.passthrough.host.use.DeviceUses;
import javelin.passthrough.host.verdict.Verdict;
import javelin.passthrough.host.verdict.Verdict.Kind;
import javelin.passthrough.host.verdict.Verdicts;
import javelin.passthrough.preflight.DevicePlan.Device;

/** Whether devices are of a sort that is assigned, are free, complete their groups, and reset. */
final class AssignableCheck implements DeviceCheck {
  /** Who has these open is another check's: no force takes them away. */
  private static final String VFIO_NODES = "/dev/vfio/";

  private final HostInventory inventory;
  private final DeviceUses uses;
  private final PciNames names;
  private final Verdicts verdicts;

  AssignableCheck(HostInventory inventory, DeviceUses uses, PciNames names, Verdicts verdicts) {
    this.inventory = inventory;
    this.uses = uses;
    this.names = names;
    this.verdicts = verdicts;
  }

  @Override
  public List<Finding> findings(DevicePlan plan) {
    List<Finding> findings = new ArrayList<>();
    for (Device device : plan.devices()) {
      Verdict verdict = verdicts.of(device.host());
      if (verdict.kind() == Kind.NEVER) {
        findings.add(
            Finding.blocks(
                device.name(),
                "never assigned: " + verdict.reason(),
                "javelin pci list shows what can be"));
      } else {
        addIommu(device, findings);
        addUses(device, plan, findings);
        addCompanions(device, plan, findings);
        addReset(device, plan, findings);
      }
    }
    return findings;
  }

  /** A host without any IOMMU is another check's. */
  private void addIommu(Device device, List<Finding> findings) {
    if (device.host().group().isEmpty() && inventory.hasGroups()) {
      findings.add(
          Finding.blocks(
              device.name(),
              "in no IOMMU group: the IOMMU of this host does not cover it",
              "another slot may be covered"));
    }
  }

  private void addUses(Device device, DevicePlan plan, List<Finding> findings) {
    String words = uses(device.host());
    if (!words.isEmpty() && !plan.force()) {
      findings.add(Finding.blocks(device.name(), words, "--force takes it all the same"));
    }
  }

  private String uses(HostDevice device) {
    return uses.of(device).stream()
        .filter(use -> !use.subject().startsWith(VFIO_NODES))
        .map(DeviceUse::words)
        .collect(Collectors.joining("; "));
  }

  private void addCompanions(Device device, DevicePlan plan, List<Finding> findings) {
    List<HostDevice> missing =
        inventory.companions(device.host()).stream()
            .filter(HostDevice::blocksGroup)
            .filter(companion -> !plan.contains(companion.address()))
            .toList();
    if (missing.isEmpty()) {
      return;
    }
    IommuGroup group = device.host().group().orElseThrow();
    String all = missing.stream().map(this::describe).collect(Collectors.joining(", "));
    String addresses =
        missing.stream().map(member -> " " + member.address()).collect(Collectors.joining());
    findings.add(
        Finding.blocks(
            device.name(),
            "its IOMMU group " + group.number() + " also holds " + all,
            "they go together: javelin pci take" + addresses + bridges(group)));
  }

  private String describe(HostDevice device) {
    String words =
        Stream.of(
                names.className(device.ids()),
                device.driver().map(driver -> "driver " + driver).orElse(""),
                uses(device))
            .filter(word -> !word.isEmpty())
            .collect(Collectors.joining(", "));
    return device.address() + " (" + words + ")";
  }

  /** People try to take them, too. */
  private String bridges(IommuGroup group) {
    String bridges =
        group.members().stream()
            .flatMap(member -> inventory.find(member).stream())
            .filter(HostDevice::isBridge)
            .map(bridge -> bridge.address().toString())
            .collect(Collectors.joining(", "));
    return bridges.isEmpty() ? "" : " (bridges stay as they are: " + bridges + ")";
  }

  private void addReset(Device device, DevicePlan plan, List<Finding> findings) {
    noReset(device, plan)
        .ifPresent(
            none ->
                findings.add(
                    device.wanted().allowNoReset()
                        ? Finding.warns(device.name(), none.problem(), NoReset.ACCEPTED)
                        : Finding.blocks(device.name(), none.problem(), none.remedy())));
  }

  private Optional<NoReset> noReset(Device device, DevicePlan plan) {
    ResetScope scope = ResetScope.of(device.host(), inventory);
    if (scope.kind() == ResetScope.Kind.NONE) {
      return Optional.of(NoReset.noWay(device.name(), device.host().isOnRootBus()));
    }
    List<String> others =
        scope.mates().stream()
            .filter(mate -> !plan.contains(mate.address()) && !isOfTheGuestsGroups(mate, plan))
            .map(HostDevice::withDriver)
            .toList();
    return others.isEmpty()
        ? Optional.empty()
        : Optional.of(NoReset.onlyWith(device.name(), others));
  }

  /** A taken member of a group goes wherever the group goes. */
  private static boolean isOfTheGuestsGroups(HostDevice mate, DevicePlan plan) {
    return mate.isTaken() && mate.group().filter(plan.groups()::contains).isPresent();
  }
}
