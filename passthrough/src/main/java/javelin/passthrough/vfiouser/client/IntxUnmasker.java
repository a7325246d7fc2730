package javelin.passthrough.vfiouser.client;

import javelin.vmm.event.EventLoop;
import javelin.vmm.linux.EventFd;
import org.agrona.CloseHelper;

/**
 * Listens to the eventfd by which KVM tells that the guest has acknowledged the pin, and has it
 * unmasked at the server. Its lock guards it, and is taken outside that of the connection.
 */
final class IntxUnmasker {
  private final EventLoop loop;
  private final Runnable unmask;
  private EventFd current;
  private EventLoop.Watch watch;

  /**
   * @param unmask called on the loop
   */
  IntxUnmasker(EventLoop loop, Runnable unmask) {
    this.loop = loop;
    this.unmask = unmask;
  }

  /** Listens to {@code event}, or to none where it is null. */
  synchronized void unmaskBy(EventFd event) {
    CloseHelper.close(watch);
    watch = null;
    current = event;
    if (event != null) {
      watch = loop.watch(event.fd(), EventLoop.READABLE, ready -> signalled(event));
    }
  }

  /** The loop may call once more after the watch has been closed, and the eventfd. */
  private synchronized void signalled(EventFd event) {
    if (current == event && event.drain() > 0) {
      unmask.run();
    }
  }
}
