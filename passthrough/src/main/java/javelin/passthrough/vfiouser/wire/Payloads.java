package javelin.passthrough.vfiouser.wire;

/**
 * Layouts of payloads that the kernel's VFIO has no struct for, offsets in bytes from the payload's
 * start. The others are those of {@code VfioStructs}.
 */
public final class Payloads {
  /** VERSION: u16 major, u16 minor, then JSON with a zero byte behind it. */
  public static final int VERSION_MINOR = 2;

  public static final int VERSION_DATA = 4;

  /** DMA_MAP: u32 argsz, u32 flags, u64 offset, u64 address, u64 size. */
  public static final int MAP_OFFSET = 8;

  public static final int MAP_ADDRESS = 16;
  public static final int MAP_SIZE = 24;
  public static final int MAP_LENGTH = 32;
  public static final int MAP_READABLE = 1;
  public static final int MAP_WRITABLE = 1 << 1;

  /** DMA_UNMAP: u32 argsz, u32 flags, u64 address, u64 size; its reply is the same. */
  public static final int UNMAP_ADDRESS = 8;

  public static final int UNMAP_SIZE = 16;
  public static final int UNMAP_LENGTH = 24;

  /** DEVICE_GET_INFO: u32 argsz, u32 flags, u32 num_regions, u32 num_irqs. */
  public static final int INFO_LENGTH = 16;

  /** DEVICE_GET_REGION_IO_FDS: u32 argsz, u32 flags, u32 index, u32 count, then sub-regions. */
  public static final int IO_FDS_COUNT = 12;

  public static final int IO_FDS_LENGTH = 16;

  /**
   * A sub-region: u64 offset, u64 size, u32 fd_index, u32 type, u32 flags, u32 padding, u64
   * datamatch.
   */
  public static final int IO_FD_SIZE = 8;

  public static final int IO_FD_INDEX = 16;
  public static final int IO_FD_TYPE = 20;
  public static final int IO_FD_FLAGS = 24;
  public static final int IO_FD_MATCH = 32;
  public static final int IO_FD_LENGTH = 40;

  /** VFIO_USER_IO_FD_TYPE_IOEVENTFD. */
  public static final int IO_FD_IOEVENTFD = 0;

  /** KVM_IOEVENTFD_FLAG_DATAMATCH and _PIO (uapi linux/kvm.h). */
  public static final int IO_FD_DATAMATCH = 1;

  public static final int IO_FD_PORT = 1 << 1;

  /** REGION_READ, REGION_WRITE: u64 offset, u32 region, u32 count, data. */
  public static final int REGION_INDEX = 8;

  public static final int REGION_COUNT = 12;
  public static final int REGION_DATA = 16;

  /** REGION_WRITE_MULTI: u64 wr_cnt, then for each write the above with 8 bytes of data. */
  public static final int MULTI_WRITES = 8;

  public static final int MULTI_LENGTH = 24;

  /** DMA_READ, DMA_WRITE: u64 address, u64 count, data. */
  public static final int DMA_COUNT = 8;

  public static final int DMA_DATA = 16;

  private Payloads() {}
}
