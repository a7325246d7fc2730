package javelin.passthrough.preflight;

import java.util.LinkedHashSet;
import java.util.List;
import java.util.Set;
import javelin.passthrough.host.HostAddress;
import javelin.passthrough.host.HostDevice;
import javelin.passthrough.host.IommuGroup;

/**
 * Devices of the host that a guest shall get together.
 *
 * @param devices each as it is and as it is wanted
 * @param guest what else the guest has
 * @param force take also what the host uses
 */
record DevicePlan(List<Device> devices, GuestLayout guest, boolean force) {
  /** A device as the host has it, and as it is wanted. */
  record Device(HostDevice host, WantedDevice wanted) {
    /** Its address, for findings. */
    String name() {
      return host.address().toString();
    }
  }

  boolean contains(HostAddress address) {
    return devices.stream().anyMatch(device -> device.host().address().equals(address));
  }

  /** The IOMMU groups of the devices, each once. */
  Set<IommuGroup> groups() {
    Set<IommuGroup> groups = new LinkedHashSet<>();
    devices.forEach(device -> device.host().group().ifPresent(groups::add));
    return groups;
  }
}
