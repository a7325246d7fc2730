package javelin.devices.virtio.queue;

import java.util.function.LongSupplier;

/**
 * How long it pays to look out for the next request before one waits for a notification: longer
 * where requests have come soon, up to a bound, and not at all where they have not. For one thread
 * at a time; nothing of it allocates.
 */
final class PollWindow {
  /** What part of the bound a window starts with, and below which it closes. */
  private static final int FIRST_PART = 8;

  private final long most;
  private final LongSupplier clock;
  private long nanos;
  private long idleSince;

  /**
   * A window that is closed.
   *
   * @param most nanoseconds that it is open at most; 0 for one that stays closed
   * @param clock nanoseconds
   */
  PollWindow(long most, LongSupplier clock) {
    this.most = most;
    this.clock = clock;
    idleSince = clock.getAsLong();
  }

  /** Nothing is left to do. Returns nanoseconds to look out for more; 0 for not at all. */
  long idle() {
    if (most > 0) {
      idleSince = clock.getAsLong();
    }
    return nanos;
  }

  /** Whether the time that {@link #idle} gave is over. */
  boolean isOver() {
    return clock.getAsLong() - idleSince >= nanos;
  }

  /** Something has come, whether it was looked out for or notified. */
  void busy() {
    if (most == 0) {
      return;
    }
    long gap = clock.getAsLong() - idleSince;
    if (gap > most) {
      nanos = nanos / 2 < most / FIRST_PART ? 0 : nanos / 2;
    } else if (gap > nanos) {
      nanos = Math.min(most, Math.max(nanos * 2, most / FIRST_PART));
    }
  }
}
