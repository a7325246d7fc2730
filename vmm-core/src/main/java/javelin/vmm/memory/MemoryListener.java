package javelin.vmm.memory;

/**
 * Hears of each region of guest RAM that comes or goes: one listener keeps the KVM memory slots,
 * another one the IOMMU mappings, and neither knows the other.
 *
 * <p>Regions are added to listeners in the order of registration and removed in the reverse order.
 * A listener that throws from {@link #regionAdded} has the region taken back from those before it.
 */
public interface MemoryListener {
  /** {@code region} is mapped in this process and about to be guest RAM. */
  void regionAdded(RamRegion region);

  /** {@code region} is no longer guest RAM; it is unmapped from this process after the call. */
  void regionRemoved(RamRegion region);
}
