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
 * <p>What is to be done has a lock; the rest is the caller's, who holds the queue's lock. Requests
 * allocate nothing.
 */
final class ThreadChannel implements BlockBackend.Channel {
  private static final Logger LOG = LoggerFactory.getLogger(ThreadChannel.class);
  private static final int THREADS = 4;

  private static final long JOIN_MILLIS = 5_000;

  private final RawDisk disk;
  private final CompletionQueue ends;
  private final List<Thread> threads = new ArrayList<>();

  /** Guarded by itself, as the two that follow. */
  private final Deque<BlockRequest> todo = new ArrayDeque<>(VirtioBlk.QUEUE_SIZE);

  private int idle;
  private boolean isClosed;

  ThreadChannel(RawDisk disk, Supplier<EventFd> wake) {
    this.disk = disk;
    ends = new CompletionQueue(wake);
  }

  /** Requests that have not been finished. */
  int inFlight() {
    return ends.inFlight();
  }

  @Override
  public void submit(BlockRequest request) {
    ends.started();
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
        ends.ended(request, perform(io, request));
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
    ends.collect();
  }

  @Override
  public void drain() {
    while (ends.inFlight() > 0) {
      ends.await(Long.MAX_VALUE);
      ends.collect();
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
