package javelin.passthrough.binding;

import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import javelin.passthrough.host.HostAddress;
import javelin.passthrough.host.use.OpenNodes;
import javelin.vmm.linux.HostFiles;

/**
 * Which processes have a device's VFIO nodes open. vfio-pci does not let a device go while one has.
 */
public final class DeviceHolders {
  private final HostFiles files;

  /** Of a host. */
  public DeviceHolders(HostFiles files) {
    this.files = files;
  }

  /**
   * Which processes have a device: its VFIO nodes open, which all members of its group share, or
   * its lock. Each in words: {@code "process 77 (qemu) has /dev/vfio/5 open"}.
   */
  public List<String> of(HostAddress address) {
    List<String> nodes = new ArrayList<>(new DeviceFiles(files, address).vfioNodes());
    nodes.add(JournalFolder.lockFile(JournalFolder.systemFolder(), address).toString());
    nodes.removeIf(node -> !files.exists(node));
    return of(nodes);
  }

  /**
   * Requires that nobody has the device open.
   *
   * @throws BindingException naming the processes
   */
  void requireNone(DeviceFiles device) {
    List<String> holders = of(device.vfioNodes());
    if (!holders.isEmpty()) {
      throw new BindingException(
          device.address() + ": " + String.join(", ", holders) + "; end that first");
    }
  }

  private List<String> of(List<String> nodes) {
    if (nodes.isEmpty()) {
      return List.of();
    }
    OpenNodes open = new OpenNodes(files, nodes::contains);
    Map<Long, String> holders = new TreeMap<>();
    for (String node : nodes) {
      open.holders(node).forEach(process -> holders.putIfAbsent(process, node));
    }
    return holders.entrySet().stream()
        .map(entry -> Owner.describe(files, entry.getKey()) + " has " + entry.getValue() + " open")
        .toList();
  }
}
