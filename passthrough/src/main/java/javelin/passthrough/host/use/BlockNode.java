package javelin.passthrough.host.use;

import java.util.List;
import java.util.Optional;

/**
 * A block device or a partition.
 *
 * @param name the kernel's name for it, with ! for each / of its node's
 * @param number {@code major:minor}
 * @param volume its name to the device mapper, where it is a volume of that
 * @param isRaid whether it is an array of md
 * @param holders the names of the block devices that stand on it
 */
record BlockNode(
    String name, String number, Optional<String> volume, boolean isRaid, List<String> holders) {
  /** Where its node is. */
  String path() {
    return "/dev/" + name.replace('!', '/');
  }

  /** Whether {@code path} is a path of its node. */
  boolean isAt(String path) {
    return path.equals(path())
        || volume.filter(name -> path.equals("/dev/mapper/" + name)).isPresent();
  }

  /** What it is, for people, where it stands on another one. */
  String asHolder() {
    if (volume.isPresent()) {
      return "the device-mapper volume " + volume.get() + " (" + name + ")";
    }
    return (isRaid ? "the RAID array " : "the block device ") + name;
  }
}
