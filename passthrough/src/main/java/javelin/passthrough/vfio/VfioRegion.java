package javelin.passthrough.vfio;

import java.util.List;

/**
 * A region of a device (uapi linux/vfio.h, struct vfio_region_info).
 *
 * @param index BAR 0 to 5, or one of the constants
 * @param size bytes; 0 where the device has no such region
 * @param flags what may be done with it
 * @param areas the parts that may be mapped, ascending and page-aligned; empty for none
 */
public record VfioRegion(int index, long size, int flags, List<Area> areas) {
  /** VFIO_PCI_ROM_REGION_INDEX. */
  public static final int ROM = 6;

  /** VFIO_PCI_CONFIG_REGION_INDEX. */
  public static final int CONFIG = 7;

  /** VFIO_REGION_INFO_FLAG_*. */
  public static final int FLAG_READ = 1;

  public static final int FLAG_WRITE = 1 << 1;
  public static final int FLAG_MMAP = 1 << 2;

  /**
   * A part of a region.
   *
   * @param offset bytes from the region's start
   * @param length bytes
   */
  public record Area(long offset, long length) {
    /** First byte behind it. */
    public long end() {
      return offset + length;
    }
  }

  /** Copies the areas. */
  public VfioRegion {
    areas = List.copyOf(areas);
  }

  /** A region that the device does not have. */
  public static VfioRegion absent(int index) {
    return new VfioRegion(index, 0, 0, List.of());
  }

  /** Whether the device has it. */
  public boolean isPresent() {
    return size != 0;
  }
}
