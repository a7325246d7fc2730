package javelin.perf.model;

import javelin.devices.virtio.queue.Virtqueue;
import javelin.vmm.memory.GuestMemory;
import org.agrona.concurrent.UnsafeBuffer;

/**
 * A driver's side of a virtqueue that makes the same chain available again and again, and takes
 * back what the device has used. It keeps to a few stores and one load, so that what is measured is
 * the device's side, and allocates nothing.
 */
public abstract class DriverRing {
  private static final int WRITE = 2;
  private static final int NEXT = 1;
  static final int DESCRIPTOR_LENGTH = 16;

  final int size;
  final UnsafeBuffer descriptors = new UnsafeBuffer(0, 0);
  private final GuestMemory memory;
  private final long[] chain;
  private final int writableFrom;

  /**
   * A ring of {@code size} entries, a multiple of the chain's length, in the pages from {@code
   * base} on.
   *
   * @param chain address and length of each of its buffers
   * @param writableFrom the first of them that the device writes
   */
  DriverRing(GuestMemory memory, long base, int size, int writableFrom, long... chain) {
    this.memory = memory;
    this.size = size;
    this.chain = chain;
    this.writableFrom = writableFrom;
    memory.wrap(descriptors, base, size * DESCRIPTOR_LENGTH);
  }

  final int buffers() {
    return chain.length / 2;
  }

  /**
   * Writes all of descriptor {@code at}, buffer {@code buffer} of the chain, but the last field.
   */
  final void describe(int at, int buffer) {
    descriptors.putLong(at * DESCRIPTOR_LENGTH, chain[2 * buffer]);
    descriptors.putInt(at * DESCRIPTOR_LENGTH + 8, (int) chain[2 * buffer + 1]);
  }

  final int flags(int buffer) {
    return (buffer < writableFrom ? 0 : WRITE) | (buffer + 1 < buffers() ? NEXT : 0);
  }

  final GuestMemory memory() {
    return memory;
  }

  /** The device's side. */
  public abstract Virtqueue device();

  /** Makes the chain available once more. */
  public abstract void offer();

  /** Takes one chain back; returns whether there was one. */
  public abstract boolean takeBack();
}
