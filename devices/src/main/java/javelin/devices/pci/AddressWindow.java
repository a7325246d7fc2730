package javelin.devices.pci;

/**
 * Ports or addresses that the host bridge passes to the bus.
 *
 * @param base first address
 * @param length ports or bytes
 */
public record AddressWindow(long base, long length) {
  /** Checks that it does not wrap. */
  public AddressWindow {
    if (base < 0 || length <= 0 || length > Long.MAX_VALUE - base) {
      throw new IllegalArgumentException(
          String.format("no address window: 0x%x, length 0x%x", base, length));
    }
  }

  /** Whether all of a range is inside. */
  boolean contains(long start, long size) {
    return start >= base && size <= length && start - base <= length - size;
  }
}
