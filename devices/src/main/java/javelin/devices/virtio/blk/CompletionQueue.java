package javelin.devices.virtio.blk;

import java.util.ArrayDeque;
import java.util.Deque;
import java.util.concurrent.TimeUnit;
import java.util.function.Supplier;
import javelin.vmm.linux.EventFd;

/**
 * The way of requests back from the threads that do them to the thread of their queue, which
 * finishes them. Allocates nothing for a request.
 *
 * <p>{@link #ended} is for any thread, the rest for the holder of the queue's lock.
 */
public final class CompletionQueue {
  private final Supplier<EventFd> wake;

  /** Guarded by itself. */
  private final Deque<BlockRequest> done = new ArrayDeque<>(VirtioBlk.QUEUE_SIZE);

  private int inFlight;

  /**
   * No requests.
   *
   * @param wake signalled when there is something to {@link #collect}
   */
  public CompletionQueue(Supplier<EventFd> wake) {
    this.wake = wake;
  }

  /** Requests that have been started and not finished. */
  public int inFlight() {
    return inFlight;
  }

  /** A request is on its way. */
  public void started() {
    inFlight++;
  }

  /**
   * A request that was started has ended.
   *
   * @param result 0, or {@code -errno}
   */
  public void ended(BlockRequest request, int result) {
    request.result(result);
    synchronized (done) {
      boolean isFirst = done.isEmpty();
      done.add(request);
      if (isFirst) {
        done.notifyAll();
        // In the lock, as the eventfd may be closed once the request has been finished.
        wake.get().signal();
      }
    }
  }

  /** Finishes the requests that have ended. */
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

  /**
   * Waits until a request has ended, or the time is over.
   *
   * @return whether one has ended
   */
  public boolean await(long millis) {
    long deadline = System.nanoTime() + TimeUnit.MILLISECONDS.toNanos(millis);
    boolean isInterrupted = false;
    synchronized (done) {
      long left = millis;
      while (done.isEmpty() && left > 0) {
        try {
          done.wait(left);
        } catch (InterruptedException e) {
          isInterrupted = true;
        }
        left = TimeUnit.NANOSECONDS.toMillis(deadline - System.nanoTime());
      }
      if (isInterrupted) {
        Thread.currentThread().interrupt();
      }
      return !done.isEmpty();
    }
  }
}
