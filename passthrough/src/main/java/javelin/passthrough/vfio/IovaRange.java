package javelin.passthrough.vfio;

/**
 * Addresses that devices may use for DMA.
 *
 * @param first first address
 * @param last last address, compared unsigned
 */
public record IovaRange(long first, long last) {
  /** Whether all of a range lies inside. */
  boolean contains(long start, long length) {
    return length > 0
        && Long.compareUnsigned(start, first) >= 0
        && Long.compareUnsigned(start + length - 1, last) <= 0
        && Long.compareUnsigned(start, start + length - 1) <= 0;
  }

  @Override
  public String toString() {
    return String.format("0x%x-0x%x", first, last);
  }
}
