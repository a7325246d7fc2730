package javelin.devices.virtio.balloon;

import java.nio.ByteOrder;
import java.util.Arrays;
import java.util.concurrent.TimeUnit;
import javelin.devices.virtio.VirtioTransport;
import javelin.devices.virtio.queue.DescriptorChain;
import javelin.devices.virtio.queue.IoVector;
import javelin.devices.virtio.queue.QueueHandler;
import javelin.devices.virtio.queue.Virtqueue;
import javelin.vmm.linux.NativeMemory;
import org.agrona.concurrent.UnsafeBuffer;

/**
 * The queue of statistics (virtio 1.2, 5.5.6.3): the driver makes a buffer with its figures
 * available, le16 tag and le64 value each; it is given back when newer ones are wanted.
 *
 * <p>The requests are under the lock of the queue's runner; the object's own lock, the innermost
 * one, guards what others ask for.
 */
final class StatisticsQueue implements QueueHandler {
  private static final int ENTRY = 10;
  private static final int VALUE = 2;

  /** Entries of a buffer that are looked at. */
  private static final int MOST_ENTRIES = 64;

  private final VirtioTransport transport;
  private final int index;
  private final DescriptorChain chain = new DescriptorChain(VirtioBalloon.QUEUE_SIZE);
  private final UnsafeBuffer entry = NativeMemory.allocate(ENTRY);

  /** The queue that the buffer in the chain is of; null where there is none. */
  private Virtqueue holder;

  private boolean isUpdateWanted;
  private GuestStatistics latest;

  StatisticsQueue(VirtioTransport transport, int index) {
    this.transport = transport;
    this.index = index;
  }

  @Override
  public DescriptorChain free() {
    return holder == null ? chain : null;
  }

  @Override
  public void handle(DescriptorChain buffer, Virtqueue queue) {
    if (buffer.writable().count() > 0) {
      queue.fail("a buffer of statistics is not one for the device to read");
      return;
    }
    holder = queue;
    long[] values = new long[GuestStatistics.TAGS];
    Arrays.fill(values, GuestStatistics.UNKNOWN);
    IoVector bytes = buffer.readable();
    for (int i = 0; i < MOST_ENTRIES && bytes.read(entry, 0, ENTRY) == ENTRY; i++) {
      int tag = entry.getShort(0, ByteOrder.LITTLE_ENDIAN) & 0xffff;
      if (tag < values.length) {
        values[tag] = entry.getLong(VALUE, ByteOrder.LITTLE_ENDIAN);
      }
    }
    synchronized (this) {
      latest = new GuestStatistics(System.nanoTime(), values);
      notifyAll();
    }
  }

  @Override
  public void collect(Virtqueue queue) {
    boolean isUpdate = takeWish(); // Without a buffer the next one has new figures anyway.
    if (holder != queue) {
      holder = null;
    } else if (isUpdate) {
      holder = null;
      queue.complete(chain.head(), 0);
    }
  }

  private synchronized boolean takeWish() {
    boolean isWanted = isUpdateWanted;
    isUpdateWanted = false;
    return isWanted;
  }

  /** The driver has reset the device: what it said is no longer so. */
  synchronized void forget() {
    latest = null;
    isUpdateWanted = false;
  }

  /** What the guest said last; null for nothing yet. */
  synchronized GuestStatistics latest() {
    return latest;
  }

  /** Asks for newer figures, which come later, or never. */
  void update() {
    synchronized (this) {
      isUpdateWanted = true;
    }
    transport.kick(index);
  }

  /**
   * Asks for newer figures and waits for them.
   *
   * @return the latest ones, however old where none have come; null for none at all
   */
  synchronized GuestStatistics await(long millis) throws InterruptedException {
    GuestStatistics before = latest;
    update();
    long deadline = System.nanoTime() + TimeUnit.MILLISECONDS.toNanos(millis);
    while (latest == before) {
      long left = TimeUnit.NANOSECONDS.toMillis(deadline - System.nanoTime());
      if (left <= 0) {
        break;
      }
      wait(left);
    }
    return latest;
  }
}
