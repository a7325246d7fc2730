package javelin.vmm.event;

import javelin.vmm.linux.ErrnoException;
import javelin.vmm.linux.Fd;

/** A descriptor and what the event loop waits for on it; for one thread at a time. */
public final class Interest {
  /** Not watched at all; 0 waits for hang-ups and errors only. */
  public static final int NONE = -1;

  private final EventLoop loop;
  private final Fd fd;
  private final EventLoop.Handler handler;
  private EventLoop.Watch watch;
  private int events = NONE;
  private boolean alwaysReady;

  /** Waits for nothing yet; {@code handler} is called on the loop's thread. */
  public Interest(EventLoop loop, Fd fd, EventLoop.Handler handler) {
    this.loop = loop;
    this.fd = fd;
    this.handler = handler;
  }

  /** The descriptor's number. */
  public int number() {
    return fd.number();
  }

  /**
   * Whether nothing is to be waited for: a regular file or /dev/null, which epoll refuses with
   * EPERM, or a descriptor that is not open, of which the read or write itself will tell.
   */
  public boolean isAlwaysReady() {
    return alwaysReady;
  }

  /** Waits for {@code newEvents}, or for nothing with {@link #NONE}. */
  public void set(int newEvents) {
    if (newEvents == events || alwaysReady) {
      return;
    }
    events = newEvents;
    if (newEvents == NONE) {
      watch.close();
      watch = null;
    } else if (watch != null) {
      watch.events(newEvents);
    } else {
      try {
        watch = loop.watch(fd, newEvents, handler);
      } catch (ErrnoException e) {
        alwaysReady = true;
      }
    }
  }
}
