package javelin.boot.machine;

import java.util.List;
import javelin.vmm.memory.PageSize;
import javelin.vmm.memory.RamConfig;

/**
 * The guest's memory balloon: {@code [size=SIZE]}.
 *
 * @param size bytes that the guest gives back to the host when it starts, a multiple of {@value
 *     #PAGE}; 0 for none
 */
public record BalloonSpec(long size) {
  private static final String OPTION = "--balloon";
  static final int PAGE = 4096;

  /**
   * Reads a value of {@code --balloon}, which may be empty.
   *
   * @throws ConfigException naming what is wrong with it
   */
  public static BalloonSpec parse(String text) {
    if (text.isEmpty()) {
      return new BalloonSpec(0);
    }
    Suboptions values = new Suboptions(OPTION, text, false);
    try {
      String size = values.take("size");
      values.requireNoMore("the option is size=SIZE, what the guest gives back at its start");
      return new BalloonSpec(size == null ? 0 : size(size));
    } catch (IllegalArgumentException e) {
      throw new ConfigException(OPTION, text, e.getMessage());
    }
  }

  /**
   * Bytes that {@code text} says.
   *
   * @throws IllegalArgumentException whose message says what is wrong with it
   */
  static long size(String text) {
    long bytes = Units.parseSize(text);
    if (bytes % PAGE != 0) {
      throw new IllegalArgumentException("size is a multiple of 4K");
    }
    return bytes;
  }

  /** Pages of 4 KiB. */
  long pages() {
    return size / PAGE;
  }

  private String value() {
    return size == 0 ? "" : "size=" + Units.formatSize(size);
  }

  /**
   * Checks that RAM can be given back to the host, and that there is enough of it.
   *
   * @throws ConfigException where not, with the reason
   */
  void requirePossible(RamConfig ram, List<AssignSpec> assigned) {
    if (assigned.stream().anyMatch(AssignSpec::isOfHost)) {
      throw refused(
          "a device is assigned, so guest memory is pinned: it cannot be given back to the host"
              + " while devices may write to it; leave --balloon or --assign away");
    }
    if (ram.locked()) {
      throw refused(
          "guest memory is locked, so it cannot be given back to the host; leave --balloon or"
              + " --lock-memory away");
    }
    if (ram.pages() == PageSize.HUGE_2M || ram.pages() == PageSize.HUGE_1G) {
      throw refused(
          "guest memory is on reserved huge pages, of which no parts can be given back to the host;"
              + " leave --balloon or --hugepages away");
    }
    try {
      requireRoom(ram.size());
    } catch (IllegalArgumentException e) {
      throw refused(e.getMessage());
    }
  }

  /**
   * Checks that a guest of {@code ramSize} bytes can give as much back.
   *
   * @throws IllegalArgumentException where not
   */
  void requireRoom(long ramSize) {
    if (size > ramSize - MachineConfig.MIN_RAM) {
      throw new IllegalArgumentException(
          "the guest has "
              + Units.formatSize(ramSize)
              + " and keeps at least "
              + Units.formatSize(MachineConfig.MIN_RAM));
    }
  }

  private ConfigException refused(String reason) {
    return new ConfigException(OPTION, value(), reason);
  }
}
