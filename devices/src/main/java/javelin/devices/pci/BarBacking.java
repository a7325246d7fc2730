package javelin.devices.pci;

/**
 * What answers behind a BAR: registers in Java, or memory that is mapped into the guest. Called
 * with the lock of the {@link BarSpace} held, from the vCPU that programs the BAR.
 */
public interface BarBacking {
  /**
   * The BAR is now decoded at {@code address}.
   *
   * @return whether it answers there; where not, accesses go nowhere, and it is tried again when
   *     another BAR has moved
   */
  boolean map(long address);

  /** The BAR is no longer decoded. */
  void unmap();

  /**
   * The BAR has moved while it was decoded.
   *
   * @return as {@link #map}; where not, it is unmapped
   */
  default boolean move(long address) {
    unmap();
    return map(address);
  }
}
