package javelin.passthrough.vfio;

/**
 * Layouts of the structs of a device (uapi linux/vfio.h), offsets in bytes. The kernel takes them
 * by ioctl, vfio-user as the payload of messages. All begin with u32 argsz, u32 flags.
 */
public final class VfioStructs {
  public static final int ARGSZ = 0;
  public static final int FLAGS = 4;

  /** What is asked for, in those that have it. */
  public static final int INDEX = 8;

  /** A capability's header: u16 id, u16 version, u32 offset of the next one. */
  public static final int CAPABILITY_HEADER_LENGTH = 8;

  /** struct vfio_device_info: argsz, flags, u32 num_regions, u32 num_irqs, u32 cap_offset. */
  public static final int DEVICE_REGIONS = 8;

  public static final int DEVICE_IRQS = 12;
  public static final int DEVICE_FLAG_RESET = 1;
  public static final int DEVICE_FLAG_PCI = 1 << 1;

  /** struct vfio_region_info: argsz, flags, u32 index, u32 cap_offset, u64 size, u64 offset. */
  public static final int REGION_LENGTH = 32;

  public static final int REGION_CAPABILITY_OFFSET = 12;
  public static final int REGION_SIZE = 16;
  public static final int REGION_OFFSET = 24;
  public static final int REGION_FLAG_CAPABILITIES = 1 << 3;

  /** VFIO_REGION_INFO_CAP_SPARSE_MMAP: u32 nr_areas, u32 reserved, then u64 offset, u64 size. */
  public static final int CAPABILITY_SPARSE_MMAP = 1;

  public static final int AREAS_HEADER_LENGTH = 8;
  public static final int AREA_LENGTH = 16;

  /** struct vfio_irq_info: argsz, flags, u32 index, u32 count. */
  public static final int IRQ_LENGTH = 16;

  public static final int IRQ_COUNT = 12;

  /** struct vfio_irq_set: argsz, flags, u32 index, u32 start, u32 count, data. */
  public static final int IRQ_SET_LENGTH = 20;

  public static final int IRQ_SET_START = 12;
  public static final int IRQ_SET_COUNT = 16;
  public static final int DATA_NONE = 1;
  public static final int DATA_BOOL = 1 << 1;
  public static final int DATA_EVENTFD = 1 << 2;
  public static final int ACTION_MASK = 1 << 3;
  public static final int ACTION_UNMASK = 1 << 4;
  public static final int ACTION_TRIGGER = 1 << 5;

  private VfioStructs() {}
}
