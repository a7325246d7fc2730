package javelin.devices.virtio.queue;

import javelin.vmm.memory.GuestMemory;
import org.agrona.concurrent.AtomicBuffer;
import org.agrona.concurrent.UnsafeBuffer;

/**
 * A split virtqueue (virtio 1.2, 2.7), in three parts of guest RAM:
 *
 * <pre>
 *  descriptors   size times: le64 address, le32 length, le16 flags, le16 next
 *  available     le16 flags, le16 index, size times le16 head,              le16 used_event
 *  used          le16 flags, le16 index, size times (le32 head, le32 written), le16 avail_event
 * </pre>
 *
 * <p>Order of memory: the driver's index is read before what it covers, and the device's index
 * written after it. The accesses to both indices and events are volatile, so also a store of one
 * and the following load of another keep their order, which suppression on both sides relies on.
 * Each value of the guest's is read once, then checked, then used.
 */
public final class SplitVirtqueue extends RingBase {
  static final int DESCRIPTOR_FLAGS = 12;
  static final int DESCRIPTOR_NEXT = 14;

  static final int FLAGS = 0;
  static final int INDEX = 2;
  static final int RING = 4;
  static final int AVAILABLE_LENGTH = 2;
  static final int USED_LENGTH = 8;
  static final int USED_WRITTEN = 4;
  static final int EVENT_LENGTH = 2;

  /** In the available ring: the driver wants no interrupts; in the used ring: no notifications. */
  static final int FLAG_QUIET = 1;

  private static final int INDEX_MASK = 0xffff;
  private static final int AVAILABLE_ALIGNMENT = 2;
  private static final int USED_ALIGNMENT = 4;

  private final int size;
  private final boolean hasEventIndex;
  private final UnsafeBuffer descriptors;
  private final AtomicBuffer available;
  private final AtomicBuffer used;

  /** The driver's index as last read, and the next entry to take; both count modulo 2^16. */
  private int availableIndex;

  private int nextAvailable;

  /** The device's index with what is completed, and as the driver sees it. */
  private int usedIndex;

  private int publishedIndex;

  /**
   * A queue at its start. Where the parts are not aligned, or not in guest RAM, it is broken.
   *
   * @param hasIndirect whether VIRTIO_F_INDIRECT_DESC was negotiated
   * @param hasEventIndex whether VIRTIO_F_EVENT_IDX was negotiated
   */
  public SplitVirtqueue(
      GuestMemory memory, RingAddresses ring, boolean hasIndirect, boolean hasEventIndex) {
    this(
        memory,
        ring.size(),
        part(memory, ring.descriptors(), ring.size() * DESCRIPTOR_LENGTH, DESCRIPTOR_ALIGNMENT),
        part(memory, ring.driver(), availableLength(ring.size()), AVAILABLE_ALIGNMENT),
        part(memory, ring.device(), usedLength(ring.size()), USED_ALIGNMENT),
        hasIndirect,
        hasEventIndex);
  }

  /** As above; parts that are null are missing. */
  SplitVirtqueue(
      GuestMemory memory,
      int size,
      UnsafeBuffer descriptors,
      AtomicBuffer available,
      AtomicBuffer used,
      boolean hasIndirect,
      boolean hasEventIndex) {
    super(memory, size, hasIndirect);
    if (Integer.bitCount(size) != 1 || size < 1 || size > MAX_SIZE) {
      throw new IllegalArgumentException("no split queue has a size of " + size);
    }
    this.size = size;
    this.descriptors = descriptors;
    this.available = available;
    this.used = used;
    this.hasEventIndex = hasEventIndex;
    if (descriptors == null) {
      fail("its descriptors are not aligned, or not in RAM");
    } else if (available == null) {
      fail("its available ring is not aligned, or not in RAM");
    } else if (used == null) {
      fail("its used ring is not aligned, or not in RAM");
    }
  }

  /** Bytes of an available ring. */
  public static int availableLength(int size) {
    return RING + size * AVAILABLE_LENGTH + EVENT_LENGTH;
  }

  /** Bytes of a used ring. */
  public static int usedLength(int size) {
    return RING + size * USED_LENGTH + EVENT_LENGTH;
  }

  @Override
  public boolean next(DescriptorChain chain) {
    if (problem() != null || !isAvailable()) {
      return false;
    }
    int entry = RING + (nextAvailable & size - 1) * AVAILABLE_LENGTH;
    int head = available.getShort(entry) & INDEX_MASK;
    if (head >= size) {
      fail("descriptor " + head + " is made available, of " + size);
      return false;
    }
    nextAvailable = nextAvailable + 1 & INDEX_MASK;
    return walk(head, chain);
  }

  @Override
  public boolean hasNext() {
    return problem() == null && isAvailable();
  }

  @Override
  public boolean hasCompleted() {
    return usedIndex != publishedIndex;
  }

  /** Whether there is an entry to take; reads the driver's index when there is none known. */
  private boolean isAvailable() {
    if (nextAvailable == availableIndex) {
      int index = available.getShortVolatile(INDEX) & INDEX_MASK;
      // Those in flight count, too: no chain can be made available before it has been used.
      if ((index - usedIndex & INDEX_MASK) > size) {
        fail("more chains are made available than the queue has descriptors");
        return false;
      }
      availableIndex = index;
    }
    return nextAvailable != availableIndex;
  }

  /** Fills {@code chain} with the buffers of the chain that starts at {@code head}. */
  private boolean walk(int head, DescriptorChain chain) {
    chain.clear(head);
    UnsafeBuffer table = descriptors;
    int tableSize = size;
    int index = head;
    boolean isInTable = false;
    while (true) {
      int at = index * DESCRIPTOR_LENGTH;
      long address = table.getLong(at);
      long length = table.getInt(at + DESCRIPTOR_SIZE) & MAX_U32;
      int flags = table.getShort(at + DESCRIPTOR_FLAGS);
      if ((flags & FLAG_INDIRECT) != 0) {
        if (isInTable) {
          failTableInTable();
          return false;
        }
        if (!openTable(address, length, flags)) {
          return false;
        }
        isInTable = true;
        table = indirect;
        tableSize = (int) length / DESCRIPTOR_LENGTH;
        index = 0;
        continue;
      }
      if (!add(chain, address, length, (flags & FLAG_WRITE) != 0)) {
        return false;
      }
      if ((flags & FLAG_NEXT) == 0) {
        return true;
      }
      index = table.getShort(at + DESCRIPTOR_NEXT) & INDEX_MASK;
      if (index >= tableSize) {
        fail("a chain goes on at descriptor " + index + ", of " + tableSize);
        return false;
      }
    }
  }

  @Override
  public void complete(int head, long written) {
    int entry = RING + (usedIndex & size - 1) * USED_LENGTH;
    used.putInt(entry, head);
    used.putInt(entry + USED_WRITTEN, (int) Math.min(written, MAX_U32));
    usedIndex = usedIndex + 1 & INDEX_MASK;
  }

  @Override
  public boolean publish() {
    if (usedIndex == publishedIndex) {
      return false;
    }
    int before = publishedIndex;
    publishedIndex = usedIndex;
    used.putShortVolatile(INDEX, (short) usedIndex);
    if (!hasEventIndex) {
      return (available.getShortVolatile(FLAGS) & FLAG_QUIET) == 0;
    }
    int event = available.getShortVolatile(RING + size * AVAILABLE_LENGTH) & INDEX_MASK;
    return passes(event, before, usedIndex);
  }

  /** Whether an index that goes from {@code before} to {@code now} passes {@code event}. */
  static boolean passes(int event, int before, int now) {
    return (now - event - 1 & INDEX_MASK) < (now - before & INDEX_MASK);
  }

  @Override
  public void suppressNotifications() {
    // With events, one that is left behind is not reached again for 2^16 chains.
    if (problem() == null && !hasEventIndex) {
      used.putShort(FLAGS, (short) FLAG_QUIET);
    }
  }

  @Override
  public boolean wantNotifications() {
    if (problem() != null) {
      return false;
    }
    if (hasEventIndex) {
      used.putShortVolatile(RING + size * USED_LENGTH, (short) nextAvailable);
    } else {
      used.putShortVolatile(FLAGS, (short) 0);
    }
    return isAvailable();
  }
}
