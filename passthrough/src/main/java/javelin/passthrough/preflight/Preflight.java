package javelin.passthrough.preflight;

import java.nio.file.Files;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.function.Predicate;
import javelin.passthrough.host.HostDevice;
import javelin.passthrough.host.HostInventory;
import javelin.passthrough.host.PciNames;
import javelin.passthrough.host.use.DeviceUses;
import javelin.passthrough.host.verdict.Verdict;
import javelin.passthrough.host.verdict.Verdicts;
import javelin.vmm.linux.HostFiles;
import javelin.vmm.linux.Linux;

/**
 * Looks, before anything is changed, for all that stands against assigning devices, so that the
 * user hears of everything at once. It reads the host's devices and their uses when it is made.
 */
public final class Preflight {
  private final HostInventory inventory;
  private final Verdicts verdicts;
  private final List<HostCheck> hostChecks;
  private final List<DeviceCheck> deviceChecks;

  /**
   * Of a host.
   *
   * @param files its proc, sys and dev file systems
   * @param linux tells this process's limits
   * @param environment of this process, which may tell that it runs in an SSH session
   */
  public Preflight(HostFiles files, Linux linux, Map<String, String> environment) {
    this(files, linux, environment, path -> Files.isWritable(files.path(path)));
  }

  /**
   * As above.
   *
   * @param mayOpen whether this process may open a file or node of the host for writing
   */
  Preflight(
      HostFiles files, Linux linux, Map<String, String> environment, Predicate<String> mayOpen) {
    inventory = HostInventory.read(files);
    DeviceUses uses = new DeviceUses(files, environment);
    PciNames names = new PciNames(files);
    verdicts = new Verdicts(files, inventory, uses, names);
    hostChecks =
        List.of(
            new IommuCheck(files),
            new InterruptCheck(files),
            new ModuleCheck(files),
            new ContainerCheck(files, mayOpen),
            new LockLimitCheck(files, linux));
    deviceChecks =
        List.of(
            new AssignableCheck(inventory, uses, names, verdicts),
            new AccessCheck(files, mayOpen),
            new AddressCheck(files),
            new BarCheck());
  }

  /** The host's devices. */
  public HostInventory inventory() {
    return inventory;
  }

  /** Whether a device can be assigned at all. */
  public Verdict verdict(HostDevice device) {
    return verdicts.of(device);
  }

  /** What holds for any device. */
  public List<CheckResult> host(GuestLayout guest) {
    return hostChecks.stream().map(check -> check.check(guest)).toList();
  }

  /**
   * What stands against giving devices to one guest, besides what holds for any device.
   *
   * @param force take also what the host uses
   */
  public List<Finding> devices(List<WantedDevice> wanted, GuestLayout guest, boolean force) {
    List<Finding> findings = new ArrayList<>();
    List<DevicePlan.Device> there = new ArrayList<>();
    for (WantedDevice device : wanted) {
      Optional<HostDevice> found = inventory.find(device.address());
      found.ifPresentOrElse(
          host -> there.add(new DevicePlan.Device(host, device)),
          () -> findings.add(absent(device)));
    }
    DevicePlan plan = new DevicePlan(there, guest, force);
    deviceChecks.forEach(check -> findings.addAll(check.findings(plan)));
    return findings.stream().distinct().toList();
  }

  private static Finding absent(WantedDevice device) {
    return Finding.blocks(
        device.address().toString(),
        "no such PCI device",
        "javelin pci list shows those of this host");
  }

  /** All of it: what holds for any device, then what stands against giving these to one guest. */
  public List<Finding> all(List<WantedDevice> wanted, GuestLayout guest, boolean force) {
    List<Finding> findings = new ArrayList<>();
    host(guest).forEach(result -> findings.addAll(result.findings()));
    findings.addAll(devices(wanted, guest, force));
    return findings;
  }
}
