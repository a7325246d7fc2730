package javelin.passthrough.vfio;

import java.util.ArrayList;
import java.util.List;
import java.util.OptionalInt;
import java.util.stream.Collectors;
import javelin.vmm.linux.Fd;

/**
 * What an IOMMU can map (uapi linux/vfio.h, struct vfio_iommu_type1_info): u32 argsz, u32 flags,
 * u64 iova_pgsizes, u32 cap_offset.
 *
 * @param pageSizes a bit for each page size in bytes
 * @param ranges the IOVAs that can be mapped, ascending; empty where the kernel does not tell
 * @param mappings how many mappings there is room for
 */
record IommuInfo(long pageSizes, List<IovaRange> ranges, long mappings) {
  private static final int LENGTH = 24;
  private static final int PAGE_SIZES = 8;
  private static final int CAPABILITY_OFFSET = 16;

  /** VFIO_IOMMU_TYPE1_INFO_CAP_IOVA_RANGE: u32 count, u32 reserved, then u64 first, u64 last. */
  private static final int CAPABILITY_IOVA_RANGE = 1;

  private static final int RANGES_HEADER_LENGTH = 8;
  private static final int RANGE_LENGTH = 16;

  /** VFIO_IOMMU_TYPE1_INFO_DMA_AVAIL: u32 available. */
  private static final int CAPABILITY_DMA_AVAILABLE = 3;

  static IommuInfo ask(Fd container) {
    VfioInfo info =
        VfioInfo.ask(
            container,
            "VFIO_IOMMU_GET_INFO",
            VfioIoctl.VFIO_IOMMU_GET_INFO,
            LENGTH,
            CAPABILITY_OFFSET,
            -1);
    OptionalInt available = info.capability(CAPABILITY_DMA_AVAILABLE, Integer.BYTES);
    return new IommuInfo(
        info.getLong(PAGE_SIZES),
        ranges(info),
        available.isPresent()
            ? Integer.toUnsignedLong(info.getInt(available.getAsInt()))
            : Long.MAX_VALUE);
  }

  private static List<IovaRange> ranges(VfioInfo info) {
    List<IovaRange> ranges = new ArrayList<>();
    OptionalInt capability = info.capability(CAPABILITY_IOVA_RANGE, RANGES_HEADER_LENGTH);
    if (capability.isPresent()) {
      int count = info.getInt(capability.getAsInt());
      int at = capability.getAsInt() + RANGES_HEADER_LENGTH;
      for (int i = 0; i < count && info.left(at) >= RANGE_LENGTH; i++, at += RANGE_LENGTH) {
        ranges.add(new IovaRange(info.getLong(at), info.getLong(at + Long.BYTES)));
      }
    }
    return ranges;
  }

  /** Whether devices can reach all of a range. */
  boolean reaches(long iova, long length) {
    return ranges.isEmpty() || ranges.stream().anyMatch(range -> range.contains(iova, length));
  }

  /** The ranges, for people. */
  String rangesText() {
    return ranges.stream().map(IovaRange::toString).collect(Collectors.joining(", "));
  }
}
