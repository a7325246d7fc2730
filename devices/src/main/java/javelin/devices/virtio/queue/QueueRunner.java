package javelin.devices.virtio.queue;

import javelin.vmm.event.EventLoop;
import javelin.vmm.linux.ErrnoException;
import javelin.vmm.linux.EventFd;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Serves one queue on an event loop, each time its eventfd is signalled: by KVM for the driver's
 * notifications, or by the device. When nothing is left to do, it may look out for more for a
 * bounded time, in which the driver need not notify.
 *
 * <p>Threads: the queue, and the device's state for it, belong to this object's lock. The loop
 * holds it while it serves; {@link #stop} waits for the request that is being served, but not for
 * those behind it, and when it returns the device does not touch the queue or guest RAM any more.
 * Neither serving nor kicking allocates.
 */
public final class QueueRunner implements AutoCloseable {
  private static final Logger LOG = LoggerFactory.getLogger(QueueRunner.class);

  /** Requests that are shown to the driver together, at most. */
  private static final int BATCH = 16;

  /** How often in a row it looks out for more before what else is on the loop has its turn. */
  private static final int MOST_POLLS = 64;

  /** What the queue belongs to; called with the runner's lock held. */
  public interface Owner {
    /** Whether queues are to be served: the driver is ready, and nothing is broken. */
    boolean isServing();

    /** The driver is to be interrupted for queue {@code index}. */
    void interrupt(int index);

    /** Queue {@code index} is broken and served no more. */
    void broken(int index, String problem);
  }

  private final int index;
  private final QueueHandler handler;
  private final Owner owner;
  private final EventLoop loop;
  private final EventFd kick;
  private final EventLoop.Watch watch;
  private final PollWindow window;
  private final Runnable again = this::lookAgain;
  private volatile boolean isStopping;
  private volatile boolean isClosed;

  /** Null while stopped. */
  private Virtqueue queue;

  /** Whether there was a request when the queue was looked into last. */
  private boolean hasServed;

  private boolean isAgainDue;

  /** A stopped queue {@code index}. */
  public QueueRunner(int index, QueueHandler handler, Owner owner, EventLoop loop) {
    this(index, handler, owner, loop, 0);
  }

  /**
   * As above.
   *
   * @param pollNanos how long it looks out for more at most; 0 for not at all
   */
  public QueueRunner(int index, QueueHandler handler, Owner owner, EventLoop loop, long pollNanos) {
    window = new PollWindow(pollNanos, System::nanoTime);
    this.index = index;
    this.handler = handler;
    this.owner = owner;
    this.loop = loop;
    kick = loop.linux().eventFd();
    try {
      watch = loop.watch(kick.fd(), EventLoop.READABLE, events -> kicked());
    } catch (RuntimeException e) {
      kick.close();
      throw e;
    }
  }

  /** What the driver's notifications signal. */
  public EventFd event() {
    return kick;
  }

  /** Has the queue served soon. Any thread may call. */
  public void kick() {
    try {
      kick.signal();
    } catch (ErrnoException e) {
      // What a device has outside may still tell of something while the device is being closed.
      if (!isClosed) {
        throw e;
      }
    }
  }

  /** Serves {@code newQueue} from now on. */
  public void start(Virtqueue newQueue) {
    synchronized (this) {
      queue = newQueue;
    }
    kick();
  }

  /** Serves the queue no longer. */
  public void stop() {
    isStopping = true;
    synchronized (this) {
      quiesce();
      queue = null;
    }
  }

  /** Waits until nothing is in flight; served again when the owner lets it, and it is kicked. */
  public void pause() {
    isStopping = true;
    synchronized (this) {
      quiesce();
    }
  }

  private void quiesce() {
    isStopping = false;
    if (queue != null) {
      handler.drain(queue);
    }
  }

  /** The loop may call once more after the watch has been closed, and the eventfd. */
  private synchronized void kicked() {
    if (kick.fd().number() < 0) {
      return;
    }
    kick.drain();
    serveOrLog();
  }

  /** Serves the queue at once, as if kicked. Call it on the loop's thread, without locks. */
  public synchronized void serveNow() {
    if (kick.fd().number() >= 0) {
      serveOrLog();
    }
  }

  private void serveOrLog() {
    try {
      serve();
    } catch (RuntimeException e) {
      // The loop would watch the eventfd no longer, and a reset could not bring the queue back.
      LOG.error("Queue {} failed to stop", index, e);
    }
  }

  private void serve() {
    Virtqueue running = queue;
    if (running == null || !owner.isServing()) {
      handler.rest();
      return;
    }
    try {
      serve(running);
    } catch (RuntimeException e) {
      LOG.error("Queue {} failed", index, e);
      running.fail("an error of Javelin itself: " + e);
    }
    if (running.problem() != null) {
      handler.drain(running);
      queue = null;
      owner.broken(index, running.problem());
    }
  }

  private void serve(Virtqueue running) {
    window.notified();
    handler.collect(running);
    int polls = 0;
    do {
      running.suppressNotifications();
      boolean isMore = true;
      hasServed = false;
      while (isMore && !isStopping) {
        isMore = serveBatch(running);
        handler.commit(running);
        if (running.publish()) {
          owner.interrupt(index);
        }
      }
    } while (!isStopping
        && ((polls++ < MOST_POLLS && poll(running))
            || (handler.free() != null && !looksAgain() && running.wantNotifications())));
  }

  /** Has the queue served in the loop's next turn, without notifications until then, if it pays. */
  private boolean looksAgain() {
    boolean pays = (hasServed || isAgainDue) && handler.isStream() && !window.isUsed();
    if (pays && !isAgainDue) {
      isAgainDue = true;
      loop.afterNextTurn(again);
    }
    return pays;
  }

  private synchronized void lookAgain() {
    isAgainDue = false;
    serveNow();
  }

  /** Looks out for more as long as that pays; returns whether something has come. */
  private boolean poll(Virtqueue running) {
    if (window.idle() == 0) {
      return false;
    }
    while (!isStopping && running.problem() == null) {
      handler.collect(running);
      handler.commit(running);
      if (running.hasCompleted() || (handler.free() != null && running.hasNext())) {
        window.looked(true);
        return true;
      }
      if (window.isOver()) {
        window.looked(false);
        return false;
      }
      Thread.onSpinWait();
    }
    return false;
  }

  /** Returns whether there may be more. */
  private boolean serveBatch(Virtqueue running) {
    for (int i = 0; i < BATCH && !isStopping; i++) {
      DescriptorChain chain = handler.free();
      if (chain == null || !running.next(chain)) {
        return false;
      }
      hasServed = true;
      handler.handle(chain, running);
    }
    return true;
  }

  /** Stops the queue and closes its eventfd. */
  @Override
  public void close() {
    isClosed = true;
    stop();
    try {
      watch.close();
    } finally {
      synchronized (this) {
        kick.close();
      }
    }
  }
}
