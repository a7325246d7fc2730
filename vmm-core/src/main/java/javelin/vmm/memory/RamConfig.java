package javelin.vmm.memory;

/**
 * How much RAM a guest has and what it is backed with.
 *
 * @param size bytes, a multiple of {@code pages.bytes()}
 * @param pages what it is backed with
 * @param locked whether it is kept in memory (mlock)
 * @param prefault whether each page is made present before the guest starts
 */
public record RamConfig(long size, PageSize pages, boolean locked, boolean prefault) {
  /** RAM of {@code size} bytes on transparent huge pages, made present as the guest touches it. */
  public static RamConfig of(long size) {
    return new RamConfig(size, PageSize.TRANSPARENT, false, false);
  }

  /** The same RAM, present before the guest starts. */
  public RamConfig prefaulted() {
    return new RamConfig(size, pages, locked, true);
  }
}
