package javelin.devices.virtio.queue;

import javelin.vmm.memory.GuestMemory;
import org.agrona.concurrent.AtomicBuffer;

/**
 * A packed virtqueue (virtio 1.2, 2.8): one ring that both sides write, and two structures by which
 * each side says when it wants to hear of the other:
 *
 * <pre>
 *  descriptors   size times: le64 address, le32 length, le16 id, le16 flags
 *  driver area   le16 (offset, wrap counter in bit 15), le16 flags: which interrupts
 *  device area   the same: which notifications
 * </pre>
 *
 * <p>A descriptor is available where its flag AVAIL equals the driver's wrap counter and USED does
 * not; it is used where both equal the device's, and then tells of the chain that its id names.
 * Both counters start with 1 and change at the end of the ring, whose size need be no power of two.
 *
 * <p>Order of memory: the flags of a chain's first descriptor are read before the rest, and those
 * of the first used one of a batch written last, by which the driver sees the whole batch. As it
 * looks at descriptors in the order of the ring, those behind may be written in any order. The
 * accesses to these flags and to the event structures, each of which is one word, are volatile: so
 * also a store of one and the following load of another keep their order, which suppression on both
 * sides relies on. Each value of the guest's is read once, then checked, then used.
 */
public final class PackedVirtqueue extends RingBase {
  static final int DESCRIPTOR_ID = 12;
  static final int DESCRIPTOR_FLAGS = 14;
  static final int FLAG_AVAIL = 1 << 7;
  static final int FLAG_USED = 1 << 15;

  static final int EVENT_LENGTH = 4;
  static final int EVENT_FLAGS = 2;
  static final int EVENT_WRAP = 1 << 15;
  static final int EVENT_ENABLE = 0;
  static final int EVENT_DISABLE = 1;

  /** At one descriptor, which the other half of the structure names. */
  static final int EVENT_AT = 2;

  private static final int EVENT_FLAGS_MASK = 3;
  private static final int U16_MASK = 0xffff;

  private final int size;
  private final boolean hasEventIndex;
  private final AtomicBuffer ring;
  private final AtomicBuffer driver;
  private final AtomicBuffer device;

  /** Where the driver's next chain begins. */
  private int nextAvailable;

  private boolean availableWrap = true;

  /** Where the next used descriptor goes. */
  private int nextUsed;

  private boolean usedWrap = true;

  /** Descriptors that the driver has given and does not see back. */
  private int inFlight;

  /** Those of them that are completed, the place of the first one, and its flags. */
  private int unpublished;

  private int firstUsed;
  private boolean firstWrap;
  private short firstFlags;

  /**
   * A queue at its start. Where the parts are not aligned, or not in guest RAM, it is broken.
   *
   * @param hasIndirect whether VIRTIO_F_INDIRECT_DESC was negotiated
   * @param hasEventIndex whether VIRTIO_F_EVENT_IDX was negotiated
   */
  public PackedVirtqueue(
      GuestMemory memory, RingAddresses addresses, boolean hasIndirect, boolean hasEventIndex) {
    this(
        memory,
        addresses.size(),
        part(
            memory,
            addresses.descriptors(),
            addresses.size() * DESCRIPTOR_LENGTH,
            DESCRIPTOR_ALIGNMENT),
        part(memory, addresses.driver(), EVENT_LENGTH, EVENT_LENGTH),
        part(memory, addresses.device(), EVENT_LENGTH, EVENT_LENGTH),
        hasIndirect,
        hasEventIndex);
  }

  /** As above; parts that are null are missing. */
  PackedVirtqueue(
      GuestMemory memory,
      int size,
      AtomicBuffer ring,
      AtomicBuffer driver,
      AtomicBuffer device,
      boolean hasIndirect,
      boolean hasEventIndex) {
    super(memory, size, hasIndirect);
    if (size < 1 || size > MAX_SIZE) {
      throw new IllegalArgumentException("no packed queue has a size of " + size);
    }
    this.size = size;
    this.ring = ring;
    this.driver = driver;
    this.device = device;
    this.hasEventIndex = hasEventIndex;
    if (ring == null) {
      fail("its descriptors are not aligned, or not in RAM");
    } else if (driver == null) {
      fail("its driver event structure is not aligned, or not in RAM");
    } else if (device == null) {
      fail("its device event structure is not aligned, or not in RAM");
    }
  }

  @Override
  public boolean next(DescriptorChain chain) {
    return hasNext() && walk(chain);
  }

  @Override
  public boolean hasNext() {
    return problem() == null && isAvailable();
  }

  @Override
  public boolean hasCompleted() {
    return unpublished > 0;
  }

  private boolean isAvailable() {
    int flags = ring.getShortVolatile(nextAvailable * DESCRIPTOR_LENGTH + DESCRIPTOR_FLAGS);
    int bits = flags & (FLAG_AVAIL | FLAG_USED);
    return bits == (availableWrap ? FLAG_AVAIL : FLAG_USED);
  }

  /** Fills {@code chain} with the buffers of the chain that starts at the next descriptor. */
  private boolean walk(DescriptorChain chain) {
    chain.clear(0);
    int at = nextAvailable;
    int count = 0;
    int flags;
    do {
      if (inFlight + count == size) {
        fail("more descriptors are made available than the queue has, " + size);
        return false;
      }
      int descriptor = at * DESCRIPTOR_LENGTH;
      long address = ring.getLong(descriptor);
      long length = ring.getInt(descriptor + DESCRIPTOR_SIZE) & MAX_U32;
      chain.head(ring.getShort(descriptor + DESCRIPTOR_ID) & U16_MASK);
      flags = ring.getShort(descriptor + DESCRIPTOR_FLAGS);
      boolean isGood =
          (flags & FLAG_INDIRECT) != 0
              ? openTable(address, length, flags) && addTable(chain)
              : add(chain, address, length, (flags & FLAG_WRITE) != 0);
      if (!isGood) {
        return false;
      }
      count++;
      at = at + 1 == size ? 0 : at + 1;
    } while ((flags & FLAG_NEXT) != 0);
    // The id may be any number; how many descriptors it stands for is the other half.
    chain.head(chain.head() | count << Short.SIZE);
    availableWrap ^= at <= nextAvailable;
    nextAvailable = at;
    inFlight += count;
    return true;
  }

  /** All of an indirect table, in its order; flags but one have no meaning there. */
  private boolean addTable(DescriptorChain chain) {
    for (int at = 0; at < indirect.capacity(); at += DESCRIPTOR_LENGTH) {
      long address = indirect.getLong(at);
      long length = indirect.getInt(at + DESCRIPTOR_SIZE) & MAX_U32;
      int flags = indirect.getShort(at + DESCRIPTOR_FLAGS);
      if ((flags & FLAG_INDIRECT) != 0) {
        failTableInTable();
        return false;
      }
      if (!add(chain, address, length, (flags & FLAG_WRITE) != 0)) {
        return false;
      }
    }
    return true;
  }

  @Override
  public void complete(int head, long written) {
    int descriptor = nextUsed * DESCRIPTOR_LENGTH;
    ring.putInt(descriptor + DESCRIPTOR_SIZE, (int) Math.min(written, MAX_U32));
    ring.putShort(descriptor + DESCRIPTOR_ID, (short) head);
    short flags =
        (short) ((usedWrap ? FLAG_AVAIL | FLAG_USED : 0) | (written > 0 ? FLAG_WRITE : 0));
    if (unpublished == 0) {
      firstUsed = nextUsed;
      firstWrap = usedWrap;
      firstFlags = flags;
    } else {
      ring.putShort(descriptor + DESCRIPTOR_FLAGS, flags);
    }
    int count = head >>> Short.SIZE;
    unpublished += count;
    nextUsed += count;
    if (nextUsed >= size) {
      nextUsed -= size;
      usedWrap = !usedWrap;
    }
  }

  @Override
  public boolean publish() {
    if (unpublished == 0) {
      return false;
    }
    int count = unpublished;
    unpublished = 0;
    inFlight -= count;
    ring.putShortVolatile(firstUsed * DESCRIPTOR_LENGTH + DESCRIPTOR_FLAGS, firstFlags);
    int event = driver.getIntVolatile(0);
    return switch (event >>> Short.SIZE & EVENT_FLAGS_MASK) {
      case EVENT_DISABLE -> false;
      case EVENT_AT ->
          !hasEventIndex || covers(event & U16_MASK, firstUsed, firstWrap, count, size);
      default -> true;
    };
  }

  /**
   * Whether {@code count} descriptors from {@code first} on, in the round that {@code wrap} tells
   * of, have the one that {@code event} names among them: its offset, and its wrap counter in bit
   * 15.
   */
  static boolean covers(int event, int first, boolean wrap, int count, int size) {
    int wanted = (event & EVENT_WRAP - 1) + ((event & EVENT_WRAP) != 0 ? 0 : size);
    int start = first + (wrap ? 0 : size);
    return Math.floorMod(wanted - start, 2 * size) < count;
  }

  @Override
  public void suppressNotifications() {
    if (problem() == null) {
      device.putShort(EVENT_FLAGS, (short) EVENT_DISABLE);
    }
  }

  @Override
  public boolean wantNotifications() {
    if (problem() != null) {
      return false;
    }
    int at = nextAvailable | (availableWrap ? EVENT_WRAP : 0);
    int flags = hasEventIndex ? EVENT_AT : EVENT_ENABLE;
    device.putIntVolatile(0, at | flags << Short.SIZE);
    return isAvailable();
  }
}
