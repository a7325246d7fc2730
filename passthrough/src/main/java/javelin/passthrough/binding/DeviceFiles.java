package javelin.passthrough.binding;

import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import javelin.passthrough.host.HostAddress;
import javelin.passthrough.host.VfioDrivers;
import javelin.vmm.linux.HostFiles;

/** What binding reads of one device (Documentation/ABI/testing/sysfs-bus-pci). Changes nothing. */
final class DeviceFiles {
  /** What the kernel prints for a driver_override that is not set. */
  private static final String NULL = "(null)";

  private final HostFiles files;
  private final HostAddress address;

  DeviceFiles(HostFiles files, HostAddress address) {
    this.files = files;
    this.address = address;
  }

  HostAddress address() {
    return address;
  }

  /** The absolute path of {@code name} in the device's folder. */
  String path(String name) {
    return address.sysfs() + "/" + name;
  }

  boolean exists() {
    return files.exists(address.sysfs());
  }

  /** The name of the driver that it is bound to; empty where there is none. */
  String driver() {
    return files.linkName(path("driver")).orElse("");
  }

  /** Whether vfio-pci has it, or a variant of it, such as mlx5_vfio_pci. */
  boolean isWithVfio() {
    return VfioDrivers.contains(driver());
  }

  /** The text of an attribute; empty where there is none. */
  String attribute(String name) {
    return files.text(path(name)).orElse("");
  }

  /** The driver that alone may bind to it; empty where any may. */
  String driverOverride() {
    String text = attribute("driver_override");
    return text.equals(NULL) ? "" : text;
  }

  /** The number of its IOMMU group. */
  Optional<String> group() {
    return files.linkName(path("iommu_group"));
  }

  /** The nodes that a user of VFIO opens: that of the group, then that of the device. */
  List<String> vfioNodes() {
    List<String> nodes = new ArrayList<>();
    group().ifPresent(group -> nodes.add("/dev/vfio/" + group));
    files.names(path("vfio-dev")).forEach(name -> nodes.add("/dev/vfio/devices/" + name));
    return nodes;
  }

  /** The names of its network interfaces, sorted; a virtio device has them one level down. */
  List<String> netdevs() {
    List<String> names = new ArrayList<>(files.names(path("net")));
    for (String child : files.names(address.sysfs())) {
      if (child.startsWith("virtio")) {
        names.addAll(files.names(path(child + "/net")));
      }
    }
    return names;
  }
}
