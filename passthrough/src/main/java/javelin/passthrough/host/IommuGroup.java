package javelin.passthrough.host;

import java.util.List;

/**
 * An IOMMU group: devices that the IOMMU cannot tell or keep apart, and that go to one guest
 * together.
 *
 * @param number its name in /sys/kernel/iommu_groups
 * @param members its PCI functions, sorted
 * @param reserved ranges of I/O virtual addresses that are not for guest RAM
 */
public record IommuGroup(int number, List<HostAddress> members, List<Reserved> reserved) {
  private static final int HEXADECIMAL = 16;

  /** Keeps copies of the lists. */
  public IommuGroup {
    members = List.copyOf(members);
    reserved = List.copyOf(reserved);
  }

  /**
   * A line of reserved_regions (Documentation/ABI/testing/sysfs-kernel-iommu_groups).
   *
   * @param start first address
   * @param end last address
   * @param type {@code direct}, {@code direct-relaxable}, {@code reserved} or {@code msi}
   */
  public record Reserved(long start, long end, String type) {
    static Reserved parse(String line) {
      String[] words = line.strip().split("\\s+", -1);
      return new Reserved(address(words[0]), address(words[1]), words[2]);
    }

    private static long address(String word) {
      return Long.parseUnsignedLong(word.substring("0x".length()), HEXADECIMAL);
    }

    @Override
    public String toString() {
      return String.format("0x%x-0x%x %s", start, end, type);
    }
  }

  /**
   * The ranges that the firmware uses by a device of the group and that must stay mapped one to one
   * (VT-d's RMRR, AMD-Vi's unity maps): the kernel assigns none of the group's devices.
   */
  public List<Reserved> firmwareRanges() {
    return reserved.stream().filter(range -> range.type().equals("direct")).toList();
  }
}
