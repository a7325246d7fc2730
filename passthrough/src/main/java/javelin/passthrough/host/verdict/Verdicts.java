package javelin.passthrough.host.verdict;

import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.function.Function;
import java.util.stream.Collectors;
import javelin.passthrough.host.HostAddress;
import javelin.passthrough.host.HostDevice;
import javelin.passthrough.host.HostInventory;
import javelin.passthrough.host.NoReset;
import javelin.passthrough.host.PciNames;
import javelin.passthrough.host.ResetScope;
import javelin.passthrough.host.use.DeviceUse;
import javelin.passthrough.host.use.DeviceUses;
import javelin.passthrough.host.verdict.Verdict.Kind;
import javelin.vmm.linux.HostFiles;

/**
 * Judges which devices of a host can be assigned. IOMMU groups are taken as the kernel made them:
 * how it makes them differs among its versions.
 */
public final class Verdicts {
  private final HostInventory inventory;
  private final DeviceUses uses;
  private final PciNames names;
  private final NeverAssigned never;
  private final IommuAbsence iommu;

  /**
   * Of a host.
   *
   * @param files its proc, sys and dev file systems
   */
  public Verdicts(HostFiles files, HostInventory inventory, DeviceUses uses, PciNames names) {
    this.inventory = inventory;
    this.uses = uses;
    this.names = names;
    never = new NeverAssigned(inventory);
    iommu = new IommuAbsence(files);
  }

  /** The verdict on one device of the inventory. */
  public Verdict of(HostDevice device) {
    List<HostDevice> companions = companions(device);
    List<HostAddress> addresses = companions.stream().map(HostDevice::address).toList();
    Function<String, Verdict> refusal = reason -> new Verdict(Kind.NEVER, reason, addresses);
    return never
        .reason(device)
        .map(refusal)
        .or(() -> noIommu(device))
        .or(() -> firmware(device).map(refusal))
        .or(() -> fixedCompanion(device, companions).map(refusal))
        .or(
            () ->
                uses(device, companions).map(reason -> new Verdict(Kind.IN_USE, reason, addresses)))
        .or(() -> noReset(device, companions))
        .orElseGet(() -> assignable(device, companions));
  }

  /** The members of a device's group that must be taken with it. */
  private List<HostDevice> companions(HostDevice device) {
    return inventory.companions(device).stream().filter(HostDevice::blocksGroup).toList();
  }

  private Optional<Verdict> noIommu(HostDevice device) {
    return device.group().isPresent()
        ? Optional.empty()
        : Optional.of(new Verdict(Kind.NO_IOMMU, iommu.reason(), List.of()));
  }

  private static Optional<String> firmware(HostDevice device) {
    return device
        .group()
        .filter(group -> !group.firmwareRanges().isEmpty())
        .map(
            group ->
                "the firmware keeps memory for its own use of it (group "
                    + group.number()
                    + ", "
                    + group.firmwareRanges().get(0)
                    + "); some firmware has a switch for that");
  }

  private Optional<String> fixedCompanion(HostDevice device, List<HostDevice> companions) {
    return companions.stream()
        .filter(companion -> never.reason(companion).isPresent())
        .findFirst()
        .map(
            companion ->
                groupHolds(device, List.of(companion))
                    + ", which must stay with the host; another slot may have a group of its own");
  }

  private String groupHolds(HostDevice device, List<HostDevice> members) {
    return "its IOMMU group "
        + device.group().orElseThrow().number()
        + " also holds "
        + members.stream().map(this::describe).collect(Collectors.joining(", "));
  }

  private String describe(HostDevice device) {
    return device.address()
        + " ("
        + names.className(device.ids())
        + device.driver().map(driver -> ", driver " + driver).orElse("")
        + ")";
  }

  private Optional<String> uses(HostDevice device, List<HostDevice> companions) {
    List<String> words = new ArrayList<>();
    uses.of(device).stream().map(DeviceUse::words).forEach(words::add);
    for (HostDevice companion : companions) {
      List<DeviceUse> found = uses.of(companion);
      if (!found.isEmpty()) {
        words.add(
            groupHolds(device, List.of(companion))
                + ", and "
                + found.stream().map(DeviceUse::words).collect(Collectors.joining("; ")));
      }
    }
    return words.isEmpty() ? Optional.empty() : Optional.of(String.join("; ", words));
  }

  private Optional<Verdict> noReset(HostDevice device, List<HostDevice> companions) {
    ResetScope scope = ResetScope.of(device, inventory);
    List<String> others =
        scope.mates().stream()
            .filter(mate -> !goesAlong(mate, device, companions))
            .map(HostDevice::withDriver)
            .toList();
    if (scope.kind() != ResetScope.Kind.NONE && others.isEmpty()) {
      return Optional.empty();
    }
    String address = device.address().toString();
    NoReset none =
        others.isEmpty()
            ? NoReset.noWay(address, device.isOnRootBus())
            : NoReset.onlyWith(address, others);
    String reason = none.problem() + "; " + none.remedy();
    String together = companions.isEmpty() ? "" : "; " + together(device, companions);
    return Optional.of(verdict(Kind.NO_RESET, reason + together, companions));
  }

  /** Whether whoever has {@code device} has {@code mate}, too. */
  private static boolean goesAlong(
      HostDevice mate, HostDevice device, List<HostDevice> companions) {
    return companions.contains(mate) || (mate.isTaken() && mate.group().equals(device.group()));
  }

  private Verdict assignable(HostDevice device, List<HostDevice> companions) {
    if (companions.isEmpty()) {
      String reason =
          device.isTaken() ? "taken by now (driver " + device.driver().orElseThrow() + ")" : "";
      return verdict(Kind.ASSIGNABLE, reason, companions);
    }
    return verdict(Kind.WITH_GROUP, together(device, companions), companions);
  }

  private String together(HostDevice device, List<HostDevice> companions) {
    String all =
        companions.stream().map(member -> " " + member.address()).collect(Collectors.joining());
    return groupHolds(device, companions)
        + "; they go together: javelin pci take "
        + device.address()
        + all;
  }

  private static Verdict verdict(Kind kind, String reason, List<HostDevice> companions) {
    return new Verdict(kind, reason, companions.stream().map(HostDevice::address).toList());
  }
}
