package javelin.passthrough.vfio;

/**
 * A kind of interrupt of a device (uapi linux/vfio.h, struct vfio_irq_info).
 *
 * @param index one of the constants
 * @param count vectors; 0 where the device does not have this kind
 * @param flags VFIO_IRQ_INFO_*
 */
public record VfioIrq(int index, int count, int flags) {
  /** VFIO_PCI_INTX_IRQ_INDEX. */
  public static final int INTX = 0;

  /** VFIO_PCI_MSI_IRQ_INDEX. */
  public static final int MSI = 1;

  /** VFIO_PCI_MSIX_IRQ_INDEX. */
  public static final int MSIX = 2;

  /** VFIO_PCI_ERR_IRQ_INDEX: the device has reported an error. */
  public static final int ERROR = 3;

  /** VFIO_PCI_REQ_IRQ_INDEX: the host wants the device back. */
  public static final int REQUEST = 4;

  /** VFIO_IRQ_INFO_NORESIZE: vectors cannot be added while others are on. */
  public static final int FLAG_NORESIZE = 1 << 3;

  /** A kind that the device does not have. */
  public static VfioIrq absent(int index) {
    return new VfioIrq(index, 0, 0);
  }

  /** Whether the device has it. */
  public boolean isPresent() {
    return count > 0;
  }

  /** Whether a set of vectors that is on has to be switched off before it can grow. */
  public boolean isFixedWhileOn() {
    return (flags & FLAG_NORESIZE) != 0;
  }
}
