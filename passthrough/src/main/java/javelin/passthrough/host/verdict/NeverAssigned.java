package javelin.passthrough.host.verdict;

import java.util.Optional;
import javelin.passthrough.host.HostAddress;
import javelin.passthrough.host.HostDevice;
import javelin.passthrough.host.HostInventory;

/** Devices that no guest is ever given: bridges, IOMMUs, parts of the chipset, and dead ones. */
final class NeverAssigned {
  private static final int BRIDGE = 0x06;
  private static final int HOST_BRIDGE = 0x0600;
  private static final int ISA_BRIDGE = 0x0601;
  private static final int REAL_TIME_CLOCK = 0x0803;
  private static final int PERIPHERAL = 0x0800;
  private static final int IOMMU = 0x0806;
  private static final int EVENT_COLLECTOR = 0x0807;

  private final HostInventory inventory;

  NeverAssigned(HostInventory inventory) {
    this.inventory = inventory;
  }

  /** Why a device is never assigned; empty where it is not one of those. */
  Optional<String> reason(HostDevice device) {
    int subClass = device.ids().subClass();
    if (device.isBridge()) {
      return Optional.of(
          "a bridge: it stays with the host and serves the devices behind it, wherever they go");
    }
    if (subClass == IOMMU) {
      return Optional.of("the IOMMU itself: it keeps guests apart");
    }
    if (subClass == HOST_BRIDGE) {
      return Optional.of("the host bridge: CPUs reach memory and PCI through it");
    }
    if (device.ids().baseClass() == BRIDGE) {
      return Optional.of("part of the chipset: the host's own devices are behind it");
    }
    if ((subClass >= PERIPHERAL && subClass <= REAL_TIME_CLOCK) || subClass == EVENT_COLLECTOR) {
      return Optional.of("part of the chipset: the kernel of the host needs it");
    }
    return chipsetFunction(device).or(() -> dead(device));
  }

  /** The slot of the ISA bridge holds what the board is managed with: SMBus, flash, power. */
  private Optional<String> chipsetFunction(HostDevice device) {
    return inventory.devices().stream()
        .filter(other -> other.ids().subClass() == ISA_BRIDGE)
        .filter(bridge -> inOneSlot(bridge.address(), device.address()))
        .findFirst()
        .map(
            bridge ->
                "a function of the chipset, in one slot with the ISA bridge "
                    + bridge.address()
                    + ": the host needs it");
  }

  private static boolean inOneSlot(HostAddress one, HostAddress other) {
    return one.domain() == other.domain()
        && one.bus() == other.bus()
        && one.device() == other.device();
  }

  private static Optional<String> dead(HostDevice device) {
    return device.answers()
        ? Optional.empty()
        : Optional.of(
            "it does not answer: its configuration space reads as all ones; it hangs, or has lost"
                + " its power (echo 1 > "
                + device.address().sysfs()
                + "/remove; echo 1 > /sys/bus/pci/rescan looks for it again)");
  }
}
