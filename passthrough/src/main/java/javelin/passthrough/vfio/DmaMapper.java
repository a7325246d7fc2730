package javelin.passthrough.vfio;

/** What devices may reach by DMA: a map from IOVAs to memory of this process. */
public interface DmaMapper {
  /**
   * Lets devices read and write memory; it stays pinned until it is unmapped.
   *
   * @param iova address that devices use, page-aligned
   * @param length bytes, a multiple of the page size
   * @param hostAddress process address, page-aligned
   */
  void map(long iova, long length, long hostAddress);

  /** Undoes one {@link #map}, whole. */
  void unmap(long iova, long length);
}
