package javelin.passthrough.host;

import java.util.List;
import java.util.Optional;

/**
 * The facts of one PCI function, as sysfs tells them (Documentation/ABI/testing/sysfs-bus-pci), at
 * the moment of reading.
 *
 * @param address where it is
 * @param path its folder below /sys/devices, links resolved: what hangs on it lies below that
 * @param ids what it says that it is
 * @param headerType 0 for an endpoint, 1 for a bridge, 2 for a CardBus bridge
 * @param driver the driver that it is bound to
 * @param driverOverride the only driver that may bind to it, where that is set
 * @param group its IOMMU group; empty where no IOMMU covers it
 * @param bars its BARs and ROM, by index
 * @param capabilities empty where this process may not read them
 * @param resetMethods how the kernel can reset it, the one that it would use first; {@code kernel}
 *     alone where an old kernel does not say how
 * @param sriov its role
 * @param bootVga whether the firmware used it as the display
 * @param numaNode -1 where it belongs to none
 * @param modalias by what its drivers are found
 */
public record HostDevice(
    HostAddress address,
    String path,
    PciIds ids,
    int headerType,
    Optional<String> driver,
    Optional<String> driverOverride,
    Optional<IommuGroup> group,
    List<HostBar> bars,
    Optional<PciCapabilities> capabilities,
    List<String> resetMethods,
    SriovRole sriov,
    boolean bootVga,
    int numaNode,
    String modalias) {
  private static final int NO_ANSWER = 0x7F;

  /** Keeps copies of the lists. */
  public HostDevice {
    bars = List.copyOf(bars);
    resetMethods = List.copyOf(resetMethods);
  }

  /** Whether its configuration space reads as something; if not, it is gone or hangs. */
  public boolean answers() {
    return headerType != NO_ANSWER;
  }

  /** Whether it is a PCI-to-PCI or CardBus bridge. */
  public boolean isBridge() {
    return headerType != 0 && answers();
  }

  /** Whether no port is above it, so that its bus cannot be reset. */
  public boolean isOnRootBus() {
    return path.matches(".*/pci[0-9a-f]{4,8}:[0-9a-f]{2}/[^/]+");
  }

  /** Whether it is bound to a driver that hands it on to user space: vfio-pci or a variant. */
  public boolean isTaken() {
    return driver.filter(VfioDrivers::contains).isPresent();
  }

  /**
   * Whether a host driver may use it for DMA, so that no other member of its group can go to a
   * guest. Bridges, devices without a driver, and what vfio-pci or pci-stub keeps do not.
   */
  public boolean blocksGroup() {
    return driver.filter(name -> !name.equals("pci-stub")).isPresent() && !isTaken() && !isBridge();
  }

  /** Its address and its driver, for people. */
  public String withDriver() {
    return address + " (" + driver.map(name -> "driver " + name).orElse("no driver") + ")";
  }
}
