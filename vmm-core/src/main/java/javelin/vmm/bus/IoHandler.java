package javelin.vmm.bus;

/**
 * What answers the guest's accesses to a range of ports or MMIO addresses.
 *
 * <p>Called on vCPU threads, several at a time: the handler guards its own state. It must take any
 * offset within its range and never throws for what a guest does.
 */
public interface IoHandler {
  /**
   * A read.
   *
   * @param offset bytes from the start of the range
   * @param size 1, 2, 4 or 8 bytes, not crossing the end of the range
   * @return the value in the low {@code size} bytes; higher bits are ignored
   */
  long read(long offset, int size);

  /**
   * A write.
   *
   * @param offset bytes from the start of the range
   * @param size 1, 2, 4 or 8 bytes, not crossing the end of the range
   * @param value the value, zero-extended
   */
  void write(long offset, int size, long value);
}
