package javelin.passthrough.vfio;

/**
 * Request numbers and struct layouts of VFIO (uapi linux/vfio.h). Every request is {@code _IO(';',
 * 100 + n)}, without a direction or a size; each struct begins with u32 argsz, u32 flags.
 */
final class VfioIoctl {
  private static final int TYPE = ';';
  private static final int BASE = 100;

  // Container.
  static final long VFIO_GET_API_VERSION = io(0);
  static final long VFIO_CHECK_EXTENSION = io(1);
  static final long VFIO_SET_IOMMU = io(2);
  static final long VFIO_IOMMU_GET_INFO = io(12);
  static final long VFIO_IOMMU_MAP_DMA = io(13);
  static final long VFIO_IOMMU_UNMAP_DMA = io(14);

  // Group.
  static final long VFIO_GROUP_GET_STATUS = io(3);
  static final long VFIO_GROUP_SET_CONTAINER = io(4);
  static final long VFIO_GROUP_UNSET_CONTAINER = io(5);
  static final long VFIO_GROUP_GET_DEVICE_FD = io(6);

  // Device.
  static final long VFIO_DEVICE_GET_INFO = io(7);
  static final long VFIO_DEVICE_GET_REGION_INFO = io(8);
  static final long VFIO_DEVICE_GET_IRQ_INFO = io(9);
  static final long VFIO_DEVICE_SET_IRQS = io(10);
  static final long VFIO_DEVICE_RESET = io(11);
  static final long VFIO_DEVICE_GET_PCI_HOT_RESET_INFO = io(12);
  static final long VFIO_DEVICE_PCI_HOT_RESET = io(13);

  static final int API_VERSION = 0;
  static final int TYPE1V2_IOMMU = 3;

  private static long io(int number) {
    return (long) TYPE << 8 | (BASE + number);
  }

  private VfioIoctl() {}
}
