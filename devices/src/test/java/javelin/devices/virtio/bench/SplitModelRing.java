package javelin.devices.virtio.bench;

import javelin.vmm.memory.GuestMemory;

/** The driver's side of a split virtqueue (virtio 1.2, 2.7). */
public final class SplitModelRing extends ModelRing {
  private static final int ENTRY = 2;
  private static final int ELEMENT = 8;
  private static final int INDEX_MASK = 0xffff;

  private final long available;
  private final long used;
  private int nextDescriptor;

  /** By descriptor: the head of the chain in flight that it is in, plus 1; 0 for none. */
  private final int[] chains;

  private int seen;

  /** An empty ring of {@code size} entries from {@code base}, page-aligned, on. */
  public SplitModelRing(GuestMemory memory, long base, int size) {
    super(memory, base, size);
    chains = new int[size];
    available = page(base + (long) size * DESCRIPTOR);
    used = page(available + 6 + (long) ENTRY * size);
    memory.fill(base, end() - base, 0);
  }

  @Override
  public long end() {
    return page(used + 6 + (long) ELEMENT * size);
  }

  @Override
  public long available() {
    return available;
  }

  @Override
  public long used() {
    return used;
  }

  @Override
  public void descriptorAt(long at, long address, long length, int flags, int next) {
    memory.writeU64(at, address);
    memory.writeU32(at + 8, length);
    memory.writeU16(at + 12, flags);
    memory.writeU16(at + 14, next);
  }

  @Override
  public void offer(int head) {
    int index = memory.readU16(available + 2);
    memory.writeU16(available + 4 + (long) ENTRY * (index & size - 1), head);
    availableIndex(index + 1);
  }

  @Override
  public void claim(int value) {
    availableIndex(value);
  }

  /** Sets the available index. */
  public void availableIndex(int index) {
    memory.writeU16(available + 2, index);
  }

  @Override
  public int send(int readable, long... buffers) {
    int count = buffers.length / 2;
    int head = free(0);
    int index = head;
    for (int i = 0; i < count; i++) {
      boolean isLast = i + 1 == count;
      int next = isLast ? 0 : free(head + 1);
      int flags = (i < readable ? 0 : WRITE) | (isLast ? 0 : NEXT);
      descriptor(index, buffers[2 * i], buffers[2 * i + 1], flags, next);
      index = next;
    }
    offer(head);
    return head;
  }

  @Override
  public int sendTable(long table, int count) {
    int head = free(0);
    descriptor(head, table, (long) count * DESCRIPTOR, INDIRECT, 0);
    offer(head);
    return head;
  }

  /**
   * A descriptor of no chain in flight, for a chain; where there is none, one that is in use.
   *
   * @param chain the chain's head plus 1; 0 where it becomes the head
   */
  private int free(int chain) {
    collect();
    int index = nextDescriptor;
    for (int i = 0; i < size && chains[index] != 0; i++) {
      index = index + 1 & size - 1;
    }
    nextDescriptor = index + 1 & size - 1;
    chains[index] = chain == 0 ? index + 1 : chain;
    return index;
  }

  /** Frees the descriptors of chains that came back. */
  private void collect() {
    int index = usedIndex();
    for (; seen != index; seen = seen + 1 & INDEX_MASK) {
      int chain = usedHead(seen) + 1;
      for (int i = 0; i < size; i++) {
        chains[i] = chains[i] == chain ? 0 : chains[i];
      }
    }
  }

  @Override
  public int usedIndex() {
    return memory.readU16(used + 2);
  }

  @Override
  public int usedHead(int count) {
    return (int) memory.readU32(used + 4 + (long) ELEMENT * (count & size - 1));
  }

  @Override
  public long usedWritten(int count) {
    return memory.readU32(used + 8 + (long) ELEMENT * (count & size - 1));
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
    memory.writeU16(available + 4 + (long) ENTRY * size, index);
  }

  /** The available index at which the device wants a notification. */
  public int availableEvent() {
    return memory.readU16(used + 4 + (long) ELEMENT * size);
  }

  @Override
  public void wantAnything(int bits) {
    availableFlags(bits & INDEX_MASK);
    usedEvent(bits >>> Short.SIZE);
  }

  @Override
  public void wantNextInterrupt() {
    usedEvent(usedIndex());
  }
}
