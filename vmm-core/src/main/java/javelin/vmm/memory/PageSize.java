package javelin.vmm.memory;

/** What guest RAM is backed with. */
public enum PageSize {
  /** Ordinary pages only. */
  BASE(0, 4096),
  /** Ordinary pages that the kernel may merge into huge ones (transparent huge pages). */
  TRANSPARENT(0, 4096),
  /** Reserved 2 MiB pages (hugetlbfs). */
  HUGE_2M(21, 2L << 20),
  /** Reserved 1 GiB pages (hugetlbfs). */
  HUGE_1G(30, 1L << 30);

  private final int hugePageShift;
  private final long bytes;

  PageSize(int hugePageShift, long bytes) {
    this.hugePageShift = hugePageShift;
    this.bytes = bytes;
  }

  /** log2 of the hugetlbfs page size, or 0. */
  int hugePageShift() {
    return hugePageShift;
  }

  /** The unit that RAM is a multiple of, in bytes. */
  public long bytes() {
    return bytes;
  }
}
