package javelin.perf.model;

import javelin.devices.virtio.queue.RingAddresses;
import javelin.devices.virtio.queue.SplitVirtqueue;
import javelin.devices.virtio.queue.Virtqueue;
import javelin.vmm.memory.GuestMemory;
import org.agrona.concurrent.UnsafeBuffer;

/** The driver of a split ring (virtio 1.2, 2.7). */
final class SplitDriver extends DriverRing {
  private static final int INDEX = 2;
  private static final int ENTRIES = 4;
  private static final int USED_ENTRY = 8;

  private final UnsafeBuffer available = new UnsafeBuffer(0, 0);
  private final UnsafeBuffer used = new UnsafeBuffer(0, 0);
  private final RingAddresses addresses;
  private short offered;
  private short taken;

  SplitDriver(GuestMemory memory, long base, int size, int writableFrom, long... chain) {
    super(memory, base, size, writableFrom, chain);
    long availableAt = base + (long) size * DESCRIPTOR_LENGTH;
    int availableLength = SplitVirtqueue.availableLength(size);
    long usedAt = availableAt + availableLength + 3 & -4;
    memory.wrap(available, availableAt, availableLength);
    memory.wrap(used, usedAt, SplitVirtqueue.usedLength(size));
    addresses = new RingAddresses(size, base, availableAt, usedAt);
    for (int i = 0; i < size; i++) {
      describe(i, i % buffers());
      descriptors.putShort(i * DESCRIPTOR_LENGTH + 12, (short) flags(i % buffers()));
      descriptors.putShort(i * DESCRIPTOR_LENGTH + 14, (short) (i + 1));
    }
  }

  @Override
  public Virtqueue device() {
    return new SplitVirtqueue(memory(), addresses, true, true);
  }

  @Override
  public void offer() {
    int head = offered * buffers() & size - 1;
    available.putShort(ENTRIES + (offered & size - 1) * 2, (short) head);
    offered++;
    available.putShortVolatile(INDEX, offered);
    // Interrupts, for each chain that comes back.
    available.putShort(ENTRIES + size * 2, taken);
  }

  @Override
  public boolean takeBack() {
    if (used.getShortVolatile(INDEX) == taken) {
      return false;
    }
    boolean isMine = used.getInt(ENTRIES + (taken & size - 1) * USED_ENTRY) < size;
    taken++;
    return isMine;
  }
}
