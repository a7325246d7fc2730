package javelin.passthrough.model;

import org.agrona.concurrent.UnsafeBuffer;

/** What a {@link DeviceModel} sees of the machine around it. */
public interface ModelHost {
  /**
   * DMA from memory; without bus mastering, or outside of what is mapped for the device, nothing is
   * read. Where the memory is another process's, accesses to the device's registers may come before
   * this returns.
   *
   * @return whether it was read
   */
  boolean readMemory(long address, byte[] target, int offset, int length);

  /** As above, all of {@code target}. */
  default boolean readMemory(long address, byte[] target) {
    return readMemory(address, target, 0, target.length);
  }

  /** DMA to memory, likewise. */
  boolean writeMemory(long address, byte[] source, int offset, int length);

  /** As above, all of {@code source}. */
  default boolean writeMemory(long address, byte[] source) {
    return writeMemory(address, source, 0, source.length);
  }

  /** Drives the interrupt pin. */
  void pin(boolean isAsserted);

  /** Whether a kind of message, {@code VfioIrq.MSI} or {@code MSIX}, is on. */
  boolean isOn(int irq);

  /** Sends a message; without bus mastering, or where that vector has no eventfd, it is lost. */
  void message(int irq, int vector);

  /** What a mapped BAR holds. */
  UnsafeBuffer memory(int bar);

  /** Runs {@code work} later, on another thread, with the device's lock held. */
  void later(Runnable work);
}
