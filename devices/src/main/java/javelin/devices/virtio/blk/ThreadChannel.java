package javelin.devices.virtio.blk;

import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Deque;
import java.util.List;
import java.util.function.Supplier;
import javelin.vmm.linux.Errno;
import javelin.vmm.linux.EventFd;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * A channel whose requests are done by a few threads of its own, which are started when there is
 * work for them.
 *
 * <p>What is to be done and what is done each have a lock; the rest is the caller's, who holds the
 * queue's lock. Requests allocate nothing.
 */
final class ThreadChannel implements BlockBackend.Channel {
  private static final Logger LOG = LoggerFactory.getLogger(ThreadChannel.class);
  private static final int THREADS = 4;

  /** As many requests as a queue has room for. */
  private static final int REQUESTS = 256;

  private static final long JOIN_MILLIS = 5_000;

  private final RawDisk disk;
  private final Supplier<EventFd> wake;
  private final List<Thread> threads = new ArrayList<>();

  /** Guarded by itself, as the two that follow. */
  private final Deque<BlockRequest> todo = new ArrayDeque<>(REQUESTS);

  private int idle;
  private boolean isClosed;

  /** Guarded by itself. */
  private final Deque<BlockRequest> done = new ArrayDeque<>(REQUESTS);

  private int inFlight;

  ThreadChannel(RawDisk disk, Supplier<EventFd> wake) {
    this.disk = disk;
    this.wake = wake;
  }

  /** Requests that have not been finished. */
  int inFlight() {
    return inFlight;
  }

  @Override
  public void submit(BlockRequest request) {
    inFlight++;
    synchronized (todo) {
      todo.add(request);
      if (todo.size() > idle && threads.size() < THREADS) {
        Thread thread = new Thread(this::work, "disk " + (threads.size() + 1));
        thread.setDaemon(true);
        threads.add(thread);
        thread.start();
      }
      todo.notify();
    }
  }

  private void work() {
    DiskIo io = new DiskIo(disk);
    try {
      for (BlockRequest request = take(); request != null; request = take()) {
        request.result(perform(io, request));
        synchronized (done) {
          done.add(request);
          done.notify();
          // In the lock, as the eventfd may be closed once the request has been finished.
          wake.get().signal();
        }
      }
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
    }
  }

  /** The next request; null at the end. */
  private BlockRequest take() throws InterruptedException {
    synchronized (todo) {
      while (todo.isEmpty() && !isClosed) {
        idle++;
        try {
          todo.wait();
        } finally {
          idle--;
        }
      }
      return todo.poll();
    }
  }

  private static int perform(DiskIo io, BlockRequest request) {
    try {
      return io.perform(request);
    } catch (RuntimeException e) {
      LOG.error("A request to a disk failed", e);
      return -Errno.EIO.number();
    }
  }

  @Override
  public void collect() {
    for (BlockRequest request = poll(); request != null; request = poll()) {
      inFlight--;
      request.finish(request.result());
    }
  }

  private BlockRequest poll() {
    synchronized (done) {
      return done.poll();
    }
  }

  @Override
  public void drain() {
    boolean isInterrupted = false;
    while (inFlight > 0) {
      synchronized (done) {
        while (done.isEmpty()) {
          try {
            done.wait();
          } catch (InterruptedException e) {
            isInterrupted = true;
          }
        }
      }
      collect();
    }
    if (isInterrupted) {
      Thread.currentThread().interrupt();
    }
  }

  @Override
  public void close() {
    synchronized (todo) {
      isClosed = true;
      todo.notifyAll();
    }
    try {
      for (Thread thread : threads) {
        thread.join(JOIN_MILLIS);
      }
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
    }
  }
}
