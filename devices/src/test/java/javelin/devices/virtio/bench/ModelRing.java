package javelin.devices.virtio.bench;

import javelin.vmm.memory.GuestMemory;

/** The driver's side of a virtqueue (virtio 1.2, 2.6 to 2.8), in guest RAM; for one thread. */
public abstract class ModelRing {
  public static final int NEXT = 1;
  public static final int WRITE = 2;
  public static final int INDIRECT = 4;

  /** Bytes of a descriptor. */
  protected static final int DESCRIPTOR = 16;

  private static final int PAGE = 4096;

  protected final GuestMemory memory;
  protected final int size;
  protected final long descriptors;

  /** A ring of {@code size} entries from {@code base}, page-aligned, on. */
  protected ModelRing(GuestMemory memory, long base, int size) {
    this.memory = memory;
    this.size = size;
    descriptors = base;
  }

  /** An empty ring as above, of the layout that the test is run with. */
  public static ModelRing of(GuestMemory memory, long base, int size) {
    return RingLayout.current().ring(memory, base, size);
  }

  /** The first address of a page that is not below {@code address}. */
  protected static long page(long address) {
    return (address + PAGE - 1) & -PAGE;
  }

  public final int size() {
    return size;
  }

  /** Address of the descriptor area. */
  public final long descriptors() {
    return descriptors;
  }

  /** Address of the driver area. */
  public abstract long available();

  /** Address of the device area. */
  public abstract long used();

  /** First address behind the ring. */
  public abstract long end();

  /** Writes a descriptor of the ring, which is not made available by that. */
  public final void descriptor(int index, long address, long length, int flags, int next) {
    descriptorAt(descriptors + (long) index * DESCRIPTOR, address, length, flags, next);
  }

  /**
   * Writes a descriptor anywhere, as in an indirect table.
   *
   * @param next the next one of the chain, or what names a chain of a packed ring
   */
  public abstract void descriptorAt(long at, long address, long length, int flags, int next);

  /** Makes a chain available that begins at descriptor {@code head}. */
  public abstract void offer(int head);

  /** Makes available what is not there, as {@code value} says. */
  public abstract void claim(int value);

  /**
   * Makes a chain available.
   *
   * @param readable how many of the buffers, the first ones, are for the device to read
   * @param buffers address and length of each, in turn
   * @return what names it
   */
  public abstract int send(int readable, long... buffers);

  /**
   * Makes a chain available that is in an indirect table.
   *
   * @param count descriptors in the table at {@code table}
   * @return as {@link #send}
   */
  public abstract int sendTable(long table, int count);

  /** How many chains the device has returned so far, modulo 2^16. */
  public abstract int usedIndex();

  /** What names the {@code count}-th chain that came back, from 0. */
  public abstract int usedHead(int count);

  /** Bytes written for it. */
  public abstract long usedWritten(int count);

  /** Asks for interrupts in any way: {@code bits} are random. */
  public abstract void wantAnything(int bits);

  /** Asks for an interrupt for the next chain that comes back, by EVENT_IDX. */
  public abstract void wantNextInterrupt();
}
