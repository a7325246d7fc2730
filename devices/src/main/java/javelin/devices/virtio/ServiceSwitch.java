package javelin.devices.virtio;

import java.util.function.LongPredicate;
import javelin.devices.virtio.queue.RingAddresses;
import javelin.vmm.event.EventLoop;
import javelin.vmm.linux.EventFd;

/**
 * A queue that one of two serves, as the driver has negotiated: elsewhere, or in this process.
 *
 * <p>The driver's notifications signal the eventfd of the first one; while the second one serves,
 * the loop passes them on.
 */
public final class ServiceSwitch implements QueueService {
  private final QueueService elsewhere;
  private final QueueService here;
  private final EventLoop loop;
  private final LongPredicate isElsewhere;

  /** What serves the queue, or served it last. */
  private QueueService active;

  /** Passes notifications on; null while there is nobody to pass them to. */
  private EventLoop.Watch watch;

  /**
   * A stopped queue.
   *
   * @param loop of the queue
   * @param isElsewhere says by the features whether {@code elsewhere} is to serve it
   */
  public ServiceSwitch(
      QueueService elsewhere, QueueService here, EventLoop loop, LongPredicate isElsewhere) {
    this.elsewhere = elsewhere;
    this.here = here;
    this.loop = loop;
    this.isElsewhere = isElsewhere;
    active = elsewhere;
  }

  @Override
  public EventFd event() {
    return elsewhere.event();
  }

  @Override
  public void kick() {
    elsewhere.kick();
  }

  @Override
  public void serveNow() {
    here.serveNow();
  }

  private void notified() {
    if (event().fd().number() >= 0) {
      event().drain();
      here.serveNow();
    }
  }

  @Override
  public void start(RingAddresses ring, long features) {
    if (isElsewhere.test(features)) {
      active = elsewhere;
    } else {
      active = here;
      watch = loop.watch(event().fd(), EventLoop.READABLE, events -> notified());
    }
    active.start(ring, features);
  }

  @Override
  public void stop() {
    if (watch != null) {
      watch.close();
      watch = null;
    }
    active.stop();
  }

  @Override
  public void pause() {
    active.pause();
  }

  @Override
  public void resume() {
    active.resume();
  }

  @Override
  public void close() {
    try {
      stop();
    } finally {
      try {
        elsewhere.close();
      } finally {
        here.close();
      }
    }
  }
}
