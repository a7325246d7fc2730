package javelin.devices.virtio.blk;

import java.util.function.Supplier;
import javelin.devices.virtio.queue.IoVector;
import javelin.vmm.event.EventLoop;
import javelin.vmm.linux.Errno;
import javelin.vmm.linux.ErrnoException;
import javelin.vmm.linux.EventFd;
import javelin.vmm.linux.IoUring;
import org.agrona.CloseHelper;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * A channel whose reads and writes go through an {@link IoUring}: those of a batch with one system
 * call, and a loop watches the ring itself for their ends: what has ended when the kernel has taken
 * it wakes nobody. Without a loop they signal the queue's eventfd. Whatever the kernel would hand
 * to a thread of its own anyway (flushes, discards, zeroes), and what is not aligned for direct
 * I/O, is for a {@link ThreadChannel}.
 */
final class UringChannel implements BlockBackend.Channel, IoUring.Completion {
  private static final Logger LOG = LoggerFactory.getLogger(UringChannel.class);

  private static final int ENTRIES = VirtioBlk.QUEUE_SIZE;

  private final RawDisk disk;
  private final Supplier<EventFd> wake;
  private final ThreadChannel threads;
  private final IoUring ring;

  /** By the number that names a request in the ring. */
  private final BlockRequest[] requests = new BlockRequest[ENTRIES];

  /** Numbers that name none. */
  private final int[] free = new int[ENTRIES];

  private int freeCount = ENTRIES;
  private boolean isSignalling;

  /** Of the ring, once a loop watches it; else null. */
  private EventLoop.Watch watch;

  UringChannel(RawDisk disk, Supplier<EventFd> wake) {
    this.disk = disk;
    this.wake = wake;
    threads = new ThreadChannel(disk, wake);
    ring = new IoUring(disk.fd().linux(), ENTRIES);
    for (int i = 0; i < ENTRIES; i++) {
      free[i] = i;
    }
  }

  /**
   * Told of at each completion anew: what ends while the queue is not served is collected when it
   * is again, and must not keep the loop awake until then.
   */
  @Override
  public void serveOn(EventLoop loop, Runnable serve) {
    try {
      watch = loop.watch(ring.fd(), EventLoop.READABLE | EventLoop.EDGE, events -> serve.run());
      isSignalling = true;
    } catch (ErrnoException e) {
      LOG.warn("A disk's requests signal an eventfd", e);
    }
  }

  @Override
  public void submit(BlockRequest request) {
    boolean isForRing =
        switch (request.operation()) {
          case READ, WRITE -> freeCount > 0 && disk.isAligned(request);
          default -> false;
        };
    if (!isForRing) {
      threads.submit(request);
    } else if (request.data().bytes() == 0) {
      request.finish(0);
    } else {
      int number = free[--freeCount];
      requests[number] = request;
      prepare(number);
    }
  }

  private void prepare(int number) {
    BlockRequest request = requests[number];
    boolean isRead = request.operation() == BlockRequest.Operation.READ;
    IoVector data = request.data();
    ring.prepare(
        isRead ? IoUring.READV : IoUring.WRITEV,
        disk.fd().number(),
        data.address(),
        data.count(),
        request.position(),
        number);
  }

  @Override
  public void completed(long userData, int result) {
    int number = (int) userData;
    BlockRequest request = requests[number];
    if (result > 0) {
      request.data().skip(result);
    }
    boolean isShort = result > 0 && request.data().bytes() > 0;
    if (isShort || Errno.EINTR.is(result)) {
      prepare(number);
      return;
    }
    requests[number] = null;
    free[freeCount++] = number;
    if (Errno.EAGAIN.is(result)) {
      threads.submit(request);
    } else if (result == 0) {
      request.finish(-Errno.EIO.number()); // Someone has shortened the file.
    } else {
      request.finish(Math.min(result, 0));
    }
  }

  /** What the page cache has is done when the kernel has taken it, and is finished here. */
  @Override
  public void commit() {
    while (ring.prepared() > 0) {
      if (canSignal()) {
        start();
        ring.reap(this);
      } else {
        ring.withdraw(-Errno.EAGAIN.number(), this);
      }
    }
  }

  /** Nobody would hear of ends that are not signalled: threads do what comes until they are. */
  private boolean canSignal() {
    if (!isSignalling) {
      try {
        ring.signal(wake.get());
        isSignalling = true;
      } catch (ErrnoException e) {
        LOG.warn("A disk's requests are done by threads", e);
      }
    }
    return isSignalling;
  }

  private void start() {
    int result = ring.submit();
    while (isShortOfRoom(result) && ring.inFlight() > 0) {
      ring.await();
      ring.reap(this);
      result = ring.submit();
    }
    if (result < 0) {
      ring.withdraw(isShortOfRoom(result) ? -Errno.EAGAIN.number() : result, this);
    }
  }

  private static boolean isShortOfRoom(int result) {
    return Errno.EAGAIN.is(result) || Errno.EBUSY.is(result);
  }

  @Override
  public void collect() {
    ring.reap(this);
    threads.collect();
  }

  @Override
  public void drain() {
    // The end of a request may be the start of another.
    while (ring.prepared() + ring.inFlight() + threads.inFlight() > 0) {
      commit();
      if (ring.inFlight() > 0) {
        ring.await();
        ring.reap(this);
      }
      threads.drain();
    }
  }

  @Override
  public void close() {
    CloseHelper.closeAll(watch, threads, ring);
  }
}
