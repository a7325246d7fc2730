package javelin.passthrough.model;

import javelin.vmm.memory.GuestMemory;
import javelin.vmm.memory.GuestMemoryException;

/** What a device's DMA reaches. */
public interface BusMemory {
  /**
   * Copies {@code length} bytes at {@code address} of the bus to {@code target}; safe for any
   * address.
   *
   * @return whether all of them were there; where not, what was copied is not told
   */
  boolean read(long address, byte[] target, int offset, int length);

  /** Copies to the bus, likewise. */
  boolean write(long address, byte[] source, int offset, int length);

  /** A guest's RAM in this process. */
  static BusMemory of(GuestMemory memory) {
    return new BusMemory() {
      @Override
      public boolean read(long address, byte[] target, int offset, int length) {
        return reaches(() -> memory.read(address, target, offset, length));
      }

      @Override
      public boolean write(long address, byte[] source, int offset, int length) {
        return reaches(() -> memory.write(address, source, offset, length));
      }

      private boolean reaches(Runnable access) {
        try {
          access.run();
          return true;
        } catch (GuestMemoryException e) {
          return false;
        }
      }
    };
  }
}
