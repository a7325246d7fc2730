package javelin.devices.virtio;

import javelin.devices.virtio.queue.RingAddresses;

/** What the driver has set up for one queue; guarded by the lock of the {@link VirtioState}. */
final class QueueRegisters {
  private final int largest;
  private int size;
  private boolean isEnabled;
  private long descriptors;
  private long driver;
  private long device;

  /** A queue at power-on, of up to {@code largest} descriptors. */
  QueueRegisters(int largest) {
    this.largest = largest;
    reset();
  }

  void reset() {
    size = largest;
    isEnabled = false;
    descriptors = 0;
    driver = 0;
    device = 0;
  }

  boolean isEnabled() {
    return isEnabled;
  }

  void enable() {
    isEnabled = true;
  }

  RingAddresses ring() {
    return new RingAddresses(size, descriptors, driver, device);
  }

  long read(QueueRegister register) {
    return switch (register) {
      case SIZE -> size;
      case ENABLED -> isEnabled ? 1 : 0;
      case DESCRIPTORS -> descriptors;
      case DRIVER -> driver;
      case DEVICE -> device;
    };
  }

  /**
   * Writes a register; {@code isAnySize} says whether a size that is no power of two is taken,
   * which only packed rings may have.
   */
  void write(QueueRegister register, long value, long mask, boolean isAnySize) {
    if (isEnabled) {
      return;
    }
    switch (register) {
      case SIZE -> {
        if (value > 0 && value <= largest && (isAnySize || Long.bitCount(value) == 1)) {
          size = (int) value;
        }
      }
      case DESCRIPTORS -> descriptors = merge(descriptors, value, mask);
      case DRIVER -> driver = merge(driver, value, mask);
      case DEVICE -> device = merge(device, value, mask);
      case ENABLED -> {}
    }
  }

  private static long merge(long before, long value, long mask) {
    return (before & ~mask) | (value & mask);
  }
}
