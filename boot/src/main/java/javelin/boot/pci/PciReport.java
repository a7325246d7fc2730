package javelin.boot.pci;

import java.util.ArrayList;
import java.util.Collection;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import javelin.passthrough.binding.TakePlan;
import javelin.passthrough.host.HostAddress;
import javelin.passthrough.host.HostDevice;
import javelin.passthrough.host.HostInventory;
import javelin.passthrough.host.PciNames;
import javelin.passthrough.host.ResetScope;
import javelin.passthrough.host.use.DeviceUse;
import javelin.passthrough.host.use.DeviceUses;
import javelin.passthrough.host.verdict.Verdict;
import javelin.passthrough.host.verdict.Verdict.Kind;
import javelin.passthrough.host.verdict.Verdicts;
import javelin.vmm.linux.HostFiles;

/** A host's PCI devices with their names, verdicts and uses, at the moment of reading. */
public final class PciReport {
  private final HostFiles files;
  private final HostInventory inventory;
  private final PciNames names;
  private final DeviceUses uses;
  private final Verdicts verdicts;

  /**
   * Reads a host.
   *
   * @param files its proc, sys and dev file systems
   * @param environment of this process
   */
  public PciReport(HostFiles files, Map<String, String> environment) {
    this.files = files;
    inventory = HostInventory.read(files);
    names = new PciNames(files);
    uses = new DeviceUses(files, environment);
    verdicts = new Verdicts(files, inventory, uses, names);
  }

  /** All devices, by address. */
  public Collection<HostDevice> devices() {
    return inventory.devices();
  }

  /**
   * The device at an address.
   *
   * @throws javelin.passthrough.host.NoSuchDeviceException where there is none
   */
  public HostDevice device(HostAddress address) {
    return inventory.device(address);
  }

  /** The other members of a device's IOMMU group. */
  List<HostDevice> companions(HostDevice device) {
    return inventory.companions(device);
  }

  /**
   * How it can be reset: the kernel's names of ways, "with its bus" where VFIO alone can, "none".
   */
  public String resets(HostDevice device) {
    return switch (ResetScope.of(device, inventory).kind()) {
      case ALONE -> String.join(", ", device.resetMethods());
      case WITH_BUS -> "with its bus";
      case NONE -> "none";
    };
  }

  PciNames names() {
    return names;
  }

  List<DeviceUse> uses(HostDevice device) {
    return uses.of(device);
  }

  Verdict verdict(HostDevice device) {
    return verdicts.of(device);
  }

  /** What taking a device would do, to it and to its companions; empty where it is never taken. */
  Map<HostAddress, TakePlan> plans(HostDevice device) {
    Verdict verdict = verdict(device);
    Map<HostAddress, TakePlan> plans = new LinkedHashMap<>();
    if (verdict.kind() != Kind.NEVER && verdict.kind() != Kind.NO_IOMMU) {
      List<HostAddress> addresses = new ArrayList<>(List.of(device.address()));
      addresses.addAll(verdict.companions());
      addresses.forEach(address -> plans.put(address, TakePlan.of(files, device(address))));
    }
    return plans;
  }
}
