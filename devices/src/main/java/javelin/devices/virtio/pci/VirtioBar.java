package javelin.devices.virtio.pci;

/** Where things are in the one BAR of a virtio function, each in pages of its own. */
final class VirtioBar {
  /** Which BAR it is. */
  static final int INDEX = 0;

  /** Its size in bytes. */
  static final int LENGTH = 0x8000;

  static final int COMMON = 0x0000;
  static final int ISR = 0x1000;
  static final int DEVICE = 0x2000;
  static final int NOTIFY = 0x3000;
  static final int MSIX_TABLE = 0x4000;
  static final int MSIX_PENDING = 0x5000;

  /** Bytes of each area but the last. */
  static final int AREA_LENGTH = 0x1000;

  /** Bytes from one queue's place in the notify area to the next one's. */
  static final int NOTIFY_MULTIPLIER = 4;

  private VirtioBar() {}
}
