package javelin.devices.virtio.queue;

import java.util.function.LongSupplier;

/**
 * How long it pays to look out for the next request before one waits for a notification: longer
 * where requests have come soon, up to a bound, and not at all where they have not.
 *
 * <p>Looking out may itself be what holds requests up, where it takes the CPU of whoever is to make
 * them or to end them. So a window in which too little has come is closed for a while, and for
 * longer each time, until one proves of use. For one thread at a time; nothing of it allocates.
 */
final class PollWindow {
  /** What part of the bound a window starts with, and below which it closes. */
  private static final int FIRST_PART = 8;

  /** So many times in a row are judged together; of these so many may be in vain. */
  private static final int JUDGED = 32;

  private static final int MOST_IN_VAIN = JUDGED / 4;

  /** For how many wake-ups a window that was of no use stays closed, at first and at most. */
  private static final int SHORTEST_REST = 64;

  private static final int LONGEST_REST = 1 << 14;

  private final long most;
  private final LongSupplier clock;
  private long nanos;
  private long idleSince;
  private int looks;
  private int inVain;
  private int rest;
  private int nextRest = SHORTEST_REST;

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

  /** Whether it opens at all. */
  boolean isUsed() {
    return most > 0;
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

  /** It was looked out for more, and something has come or not. */
  void looked(boolean hasCome) {
    looks++;
    inVain += hasCome ? 0 : 1;
    if (looks == JUDGED) {
      if (inVain <= MOST_IN_VAIN) {
        nextRest = SHORTEST_REST;
      } else {
        nanos = 0;
        rest = nextRest;
        nextRest = Math.min(2 * nextRest, LONGEST_REST);
      }
      looks = 0;
      inVain = 0;
    }
  }

  /** Something has come of which one was notified. */
  void notified() {
    if (most == 0) {
      return;
    }
    if (rest > 0) {
      rest--;
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
