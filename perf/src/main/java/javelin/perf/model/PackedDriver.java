package javelin.perf.model;

import javelin.devices.virtio.queue.PackedVirtqueue;
import javelin.devices.virtio.queue.RingAddresses;
import javelin.devices.virtio.queue.Virtqueue;
import javelin.vmm.memory.GuestMemory;

/** The driver of a packed ring (virtio 1.2, 2.8). */
final class PackedDriver extends DriverRing {
  private static final int ID = 12;
  private static final int FLAGS = 14;
  private static final int AVAIL = 1 << 7;
  private static final int USED = 1 << 15;

  private final RingAddresses addresses;
  private int nextOffered;
  private boolean offeredWrap = true;
  private int nextTaken;
  private boolean takenWrap = true;

  PackedDriver(GuestMemory memory, long base, int size, int writableFrom, long... chain) {
    super(memory, base, size, writableFrom, chain);
    long events = base + (long) size * DESCRIPTOR_LENGTH;
    // All zeros: interrupts for each chain that comes back.
    memory.fill(base, events + 8 - base, 0);
    addresses = new RingAddresses(size, base, events, events + 4);
  }

  @Override
  public Virtqueue device() {
    return new PackedVirtqueue(memory(), addresses, true, true);
  }

  @Override
  public void offer() {
    int wrap = offeredWrap ? AVAIL : USED;
    // The first one's flags come last: they make the whole chain available.
    for (int i = buffers() - 1; i >= 0; i--) {
      int at = nextOffered + i;
      describe(at, i);
      descriptors.putShort(at * DESCRIPTOR_LENGTH + ID, (short) nextOffered);
      descriptors.putShortVolatile(at * DESCRIPTOR_LENGTH + FLAGS, (short) (flags(i) | wrap));
    }
    nextOffered += buffers();
    if (nextOffered == size) {
      nextOffered = 0;
      offeredWrap = !offeredWrap;
    }
  }

  @Override
  public boolean takeBack() {
    int flags = descriptors.getShortVolatile(nextTaken * DESCRIPTOR_LENGTH + FLAGS);
    if ((flags & (AVAIL | USED)) != (takenWrap ? AVAIL | USED : 0)) {
      return false;
    }
    nextTaken += buffers();
    if (nextTaken == size) {
      nextTaken = 0;
      takenWrap = !takenWrap;
    }
    return true;
  }
}
