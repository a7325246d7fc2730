package javelin.devices.virtio.bench;

import java.lang.invoke.VarHandle;
import javelin.vmm.memory.GuestMemory;

/**
 * The driver's side of a packed virtqueue (virtio 1.2, 2.8). Chains are named by numbers in turn,
 * of those that name none in flight.
 */
public final class PackedModelRing extends ModelRing {
  public static final int AVAIL = 1 << 7;
  public static final int USED = 1 << 15;

  /** Flags of the event structures. */
  public static final int ENABLE = 0;

  public static final int DISABLE = 1;
  public static final int AT = 2;

  private static final int ID = 12;
  private static final int FLAGS = 14;
  private static final int EVENT = 4;
  private static final int WRAP = 1 << 15;
  private static final int COUNTS = 1 << 16;

  /** Chains that came back and are remembered. */
  private static final int HISTORY = 1 << 10;

  private final long events;

  /** By the name of a chain in flight: its descriptors; 0 where there is none. */
  private final int[] lengths;

  /** By the count of chains that came back, modulo {@link #HISTORY}. */
  private final int[] heads = new int[HISTORY];

  private final long[] written = new long[HISTORY];
  private int returned;

  private int nextId;

  private int nextAvailable;
  private boolean availableWrap = true;
  private int nextUsed;
  private boolean usedWrap = true;

  /** An empty ring of {@code size} entries from {@code base}, page-aligned, on. */
  public PackedModelRing(GuestMemory memory, long base, int size) {
    super(memory, base, size);
    lengths = new int[size];
    events = page(base + (long) size * DESCRIPTOR);
    memory.fill(base, end() - base, 0);
  }

  @Override
  public long available() {
    return events;
  }

  @Override
  public long used() {
    return events + EVENT;
  }

  @Override
  public long end() {
    return page(events + 1);
  }

  private long at(int index) {
    return descriptors + (long) index * DESCRIPTOR;
  }

  @Override
  public void descriptorAt(long at, long address, long length, int flags, int next) {
    memory.writeU64(at, address);
    memory.writeU32(at + 8, length);
    memory.writeU16(at + ID, next);
    memory.writeU16(at + FLAGS, flags);
  }

  /** The flags by which a descriptor is available in the round that {@code wrap} tells of. */
  private static int available(boolean wrap) {
    return wrap ? AVAIL : USED;
  }

  /** Makes one descriptor available, as if the ring had come to it. */
  @Override
  public void offer(int head) {
    int index = head % size;
    int flags = memory.readU16(at(index) + FLAGS) & ~(AVAIL | USED);
    VarHandle.releaseFence();
    memory.writeU16(at(index) + FLAGS, flags | available(availableWrap));
    if (index == nextAvailable) {
      advance(1);
    }
  }

  private void advance(int count) {
    nextAvailable += count;
    if (nextAvailable >= size) {
      nextAvailable -= size;
      availableWrap = !availableWrap;
    }
  }

  /** Makes all descriptors available, in the round that the lowest bit tells of. */
  @Override
  public void claim(int value) {
    for (int i = 0; i < size; i++) {
      int flags = memory.readU16(at(i) + FLAGS) & ~(AVAIL | USED);
      memory.writeU16(at(i) + FLAGS, flags | available((value & 1) != 0));
    }
  }

  @Override
  public int send(int readable, long... buffers) {
    int count = buffers.length / 2;
    int first = nextAvailable;
    int id = begin(count);
    int firstFlags = 0;
    for (int i = 0; i < count; i++) {
      int index = (first + i) % size;
      boolean wrap = availableWrap == first + i < size;
      int flags = available(wrap) | (i < readable ? 0 : WRITE) | (i + 1 < count ? NEXT : 0);
      if (i == 0) {
        firstFlags = flags;
        flags = memory.readU16(at(first) + FLAGS);
      }
      descriptorAt(at(index), buffers[2 * i], buffers[2 * i + 1], flags, id);
    }
    VarHandle.releaseFence();
    memory.writeU16(at(first) + FLAGS, firstFlags);
    advance(count);
    return id;
  }

  @Override
  public int sendTable(long table, int count) {
    int first = nextAvailable;
    int id = begin(1);
    int flags = memory.readU16(at(first) + FLAGS);
    descriptorAt(at(first), table, (long) count * DESCRIPTOR, flags, id);
    VarHandle.releaseFence();
    memory.writeU16(at(first) + FLAGS, INDIRECT | available(availableWrap));
    advance(1);
    return id;
  }

  /** Names a new chain; a driver that has no name left makes the mistake of using one again. */
  private int begin(int count) {
    collect();
    int id = nextId;
    for (int i = 0; i < size && lengths[id] != 0; i++) {
      id = (id + 1) % size;
    }
    nextId = (id + 1) % size;
    lengths[id] = count;
    return id;
  }

  /** Takes from the ring what came back. */
  private void collect() {
    int flags = memory.readU16(at(nextUsed) + FLAGS);
    while ((flags & (AVAIL | USED)) == (usedWrap ? AVAIL | USED : 0)) {
      VarHandle.acquireFence();
      int id = memory.readU16(at(nextUsed) + ID);
      heads[returned & HISTORY - 1] = id;
      written[returned & HISTORY - 1] = memory.readU32(at(nextUsed) + 8);
      returned++;
      nextUsed += Math.max(1, id < size ? lengths[id] : 1);
      if (id < size) {
        lengths[id] = 0;
      }
      if (nextUsed >= size) {
        nextUsed -= size;
        usedWrap = !usedWrap;
      }
      flags = memory.readU16(at(nextUsed) + FLAGS);
    }
  }

  @Override
  public int usedIndex() {
    collect();
    return returned & COUNTS - 1;
  }

  @Override
  public int usedHead(int count) {
    collect();
    return heads[count & HISTORY - 1];
  }

  @Override
  public long usedWritten(int count) {
    collect();
    return written[count & HISTORY - 1];
  }

  /** What the driver wants to hear: at which descriptor, with its wrap counter, or all or none. */
  public void wantInterrupts(int flags, int index, boolean wrap) {
    memory.writeU32(events, (index | (wrap ? WRAP : 0)) | (long) flags << 16);
  }

  @Override
  public void wantAnything(int bits) {
    memory.writeU32(events, bits);
  }

  @Override
  public void wantNextInterrupt() {
    collect();
    wantInterrupts(AT, nextUsed, usedWrap);
  }

  /**
   * Whether the device wants a notification for the descriptors from {@code before} to {@code now},
   * both counted from the ring's start on.
   */
  public boolean isNotificationWanted(int before, int now) {
    long word = memory.readU32(used());
    int flags = (int) (word >>> 16) & 3;
    if (flags != AT) {
      return flags == ENABLE;
    }
    int wanted = (int) (word & WRAP - 1) + ((word & WRAP) != 0 ? 0 : size);
    return Math.floorMod(wanted - before, 2 * size) < now - before;
  }

  /** Flags of the device's event structure. */
  public int deviceFlags() {
    return memory.readU16(used() + 2);
  }

  /** The descriptor at which the device wants a notification. */
  public int deviceEvent() {
    return memory.readU16(used()) & ~WRAP;
  }

  /** The wrap counter that belongs to it. */
  public boolean deviceEventWrap() {
    return (memory.readU16(used()) & WRAP) != 0;
  }
}
