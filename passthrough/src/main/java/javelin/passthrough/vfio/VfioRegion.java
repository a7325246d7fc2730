package javelin.passthrough.vfio;

import java.util.ArrayList;
import java.util.List;
import java.util.OptionalInt;

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

  private static final int PAGE = 4096;

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

  /** What a struct vfio_region_info says. */
  public static VfioRegion of(int index, VfioInfo info) {
    long size = info.getLong(VfioStructs.REGION_SIZE);
    return new VfioRegion(index, size, info.flags(), areas(info, size));
  }

  /** What may be mapped: the areas exactly as they are given, or all of it. */
  private static List<Area> areas(VfioInfo info, long size) {
    List<Area> areas = new ArrayList<>();
    if ((info.flags() & FLAG_MMAP) == 0) {
      return areas;
    }
    OptionalInt sparse =
        info.capability(VfioStructs.CAPABILITY_SPARSE_MMAP, VfioStructs.AREAS_HEADER_LENGTH);
    if (sparse.isEmpty()) {
      // A BAR below a page is left to the trap: what else lies in its page is not the guest's.
      if (size >= PAGE) {
        areas.add(new Area(0, size));
      }
      return areas;
    }
    int count = info.getInt(sparse.getAsInt());
    int at = sparse.getAsInt() + VfioStructs.AREAS_HEADER_LENGTH;
    for (int i = 0; i < count && info.left(at) >= VfioStructs.AREA_LENGTH; i++) {
      Area area = new Area(info.getLong(at), info.getLong(at + Long.BYTES));
      if (area.length() > 0) {
        areas.add(area);
      }
      at += VfioStructs.AREA_LENGTH;
    }
    return areas;
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
