package javelin.passthrough.vfio;

import javelin.vmm.memory.MemoryListener;
import javelin.vmm.memory.RamRegion;

/** Lets devices reach guest RAM at its guest-physical addresses, as it comes and goes. */
public final class DmaMemory implements MemoryListener {
  private final DmaMapper mapper;
  private long bytes;
  private long nanos;

  /** Keeps the mappings of {@code mapper}. */
  public DmaMemory(DmaMapper mapper) {
    this.mapper = mapper;
  }

  @Override
  public synchronized void regionAdded(RamRegion region) {
    long start = System.nanoTime();
    mapper.map(region.guestAddress(), region.length(), region.hostAddress());
    nanos += System.nanoTime() - start;
    bytes += region.length();
  }

  @Override
  public synchronized void regionRemoved(RamRegion region) {
    mapper.unmap(region.guestAddress(), region.length());
    bytes -= region.length();
  }

  /** Bytes that are mapped and pinned now. */
  public synchronized long mappedBytes() {
    return bytes;
  }

  /** How long all mapping has taken so far. */
  public synchronized long mappingNanos() {
    return nanos;
  }
}
