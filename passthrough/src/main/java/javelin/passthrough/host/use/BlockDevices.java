package javelin.passthrough.host.use;

import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import javelin.passthrough.host.HostDevice;
import javelin.vmm.linux.HostFiles;

/** The host's block devices: disks, their partitions, and what stands on them. */
public final class BlockDevices {
  private static final String FOLDER = "/sys/block";

  /**
   * A disk with several NVMe controllers hangs on none of them, but on their subsystem, which has
   * links to them.
   */
  private static final Pattern SUBSYSTEM = Pattern.compile("(.*/nvme-subsystem/[^/]+)/.*");

  private static final Pattern CONTROLLER = Pattern.compile("nvme\\d+");

  private final HostFiles files;
  private final ClassDevices all;

  /** Those of a host. */
  public BlockDevices(HostFiles files) {
    this.files = files;
    all = new ClassDevices(files, FOLDER);
  }

  /** The names of the disks that hang on a PCI device, also by a SCSI or USB device, sorted. */
  public List<String> disks(HostDevice device) {
    return all.paths().entrySet().stream()
        .filter(disk -> isBelow(disk.getValue(), device.path()))
        .map(Map.Entry::getKey)
        .filter(name -> files.exists(folder(name) + "/dev")) // One path of several has no node.
        .toList();
  }

  private boolean isBelow(String path, String device) {
    if (path.startsWith(device + "/")) {
      return true;
    }
    Matcher matcher = SUBSYSTEM.matcher(path);
    return matcher.matches()
        && files.names(matcher.group(1)).stream()
            .filter(name -> CONTROLLER.matcher(name).matches())
            .flatMap(name -> files.realPath(matcher.group(1) + "/" + name).stream())
            .anyMatch(controller -> controller.startsWith(device + "/"));
  }

  /** The names of a disk's partitions, sorted. */
  public List<String> partitions(String disk) {
    return files.names(folder(disk)).stream()
        .filter(name -> files.exists(folder(disk) + "/" + name + "/partition"))
        .toList();
  }

  /** The disk of that name with its partitions. */
  List<BlockNode> withPartitions(String disk) {
    List<BlockNode> nodes = new ArrayList<>();
    nodes.add(node(disk, folder(disk)));
    partitions(disk).forEach(name -> nodes.add(node(name, folder(disk) + "/" + name)));
    return nodes;
  }

  private BlockNode node(String name, String folder) {
    Optional<String> volume = files.text(folder + "/dm/name");
    return new BlockNode(
        name,
        files.text(folder + "/dev").orElse(""),
        volume,
        files.exists(folder + "/md"),
        files.names(folder + "/holders"));
  }

  private static String folder(String disk) {
    return FOLDER + "/" + disk;
  }
}
