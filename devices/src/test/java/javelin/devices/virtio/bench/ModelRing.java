package javelin.devices.virtio.bench;

import javelin.vmm.memory.GuestMemory;

/** The driver's side of a split virtqueue (virtio 1.2, 2.7), in guest RAM; for one thread. */
public final class ModelRing {
  public static final int NEXT = 1;
  public static final int WRITE = 2;
  public static final int INDIRECT = 4;

  private static final int DESCRIPTOR = 16;
  private static final int PAGE = 4096;

  private final GuestMemory memory;
  private final int size;
  private final long descriptors;
  private final long available;
  private final long used;
  private int nextDescriptor;

  /** An empty ring of {@code size} entries from {@code base}, page-aligned, on. */
  public ModelRing(GuestMemory memory, long base, int size) {
    this.memory = memory;
    this.size = size;
    descriptors = base;
    available = page(descriptors + (long) size * DESCRIPTOR);
    used = page(available + 6 + 2L * size);
    memory.fill(base, end() - base, 0);
  }

  private static long page(long address) {
    return (address + PAGE - 1) & -PAGE;
  }

  /** First address behind the ring. */
  public long end() {
    return page(used + 6 + 8L * size);
  }

  public int size() {
    return size;
  }

  public long descriptors() {
    return descriptors;
  }

  public long available() {
    return available;
  }

  public long used() {
    return used;
  }

  /** Writes a descriptor of the ring. */
  public void descriptor(int index, long address, long length, int flags, int next) {
    descriptorAt(descriptors + (long) index * DESCRIPTOR, address, length, flags, next);
  }

  /** Writes a descriptor anywhere, as in an indirect table. */
  public void descriptorAt(long at, long address, long length, int flags, int next) {
    memory.writeU64(at, address);
    memory.writeU32(at + 8, length);
    memory.writeU16(at + 12, flags);
    memory.writeU16(at + 14, next);
  }

  /** Makes a chain available whose head is {@code head}. */
  public void offer(int head) {
    int index = memory.readU16(available + 2);
    memory.writeU16(available + 4 + 2L * (index & size - 1), head);
    availableIndex(index + 1);
  }

  /** Sets the available index. */
  public void availableIndex(int index) {
    memory.writeU16(available + 2, index);
  }

  /**
   * Makes a chain available.
   *
   * @param readable how many of the buffers, the first ones, are for the device to read
   * @param buffers address and length of each, in turn
   * @return its head
   */
  public int send(int readable, long... buffers) {
    int head = nextDescriptor;
    int count = buffers.length / 2;
    for (int i = 0; i < count; i++) {
      int index = nextDescriptor++ & size - 1;
      int flags = (i < readable ? 0 : WRITE) | (i + 1 < count ? NEXT : 0);
      descriptor(index, buffers[2 * i], buffers[2 * i + 1], flags, nextDescriptor & size - 1);
    }
    nextDescriptor &= size - 1;
    offer(head);
    return head;
  }

  /** What the device has returned so far, modulo 2^16. */
  public int usedIndex() {
    return memory.readU16(used + 2);
  }

  /** Head of the {@code count}-th chain that came back, from 0. */
  public int usedHead(int count) {
    return (int) memory.readU32(used + 4 + 8L * (count & size - 1));
  }

  /** Bytes written for it. */
  public long usedWritten(int count) {
    return memory.readU32(used + 8 + 8L * (count & size - 1));
  }

  /** Flags in the used ring: 1 where the device wants no notifications. */
  public int usedFlags() {
    return memory.readU16(used);
  }

  /** Flags in the available ring: 1 where the driver wants no interrupts. */
  public void availableFlags(int flags) {
    memory.writeU16(available, flags);
  }

  /** The used index at which the driver wants an interrupt. */
  public void usedEvent(int index) {
    memory.writeU16(available + 4 + 2L * size, index);
  }

  /** The available index at which the device wants a notification. */
  public int availableEvent() {
    return memory.readU16(used + 4 + 8L * size);
  }
}
