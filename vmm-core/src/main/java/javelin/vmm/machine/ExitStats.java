package javelin.vmm.machine;

import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicLongArray;
import org.HdrHistogram.Histogram;
import org.HdrHistogram.SingleWriterRecorder;

/**
 * Exits of one vCPU by kind: how many, and, where asked for, how long user space took for each.
 *
 * <p>The vCPU's thread writes, any thread reads; neither waits for the other, and the writer
 * allocates nothing.
 */
public final class ExitStats {
  private static final ExitKind[] KINDS = ExitKind.values();
  private static final long LONGEST_NANOS = TimeUnit.SECONDS.toNanos(10);
  private static final int DIGITS = 3;

  private final AtomicLongArray counts = new AtomicLongArray(KINDS.length);
  private final SingleWriterRecorder[] recorders;

  /**
   * @param timed whether service times are recorded as well
   */
  ExitStats(boolean timed) {
    recorders = timed ? new SingleWriterRecorder[KINDS.length] : null;
    if (timed) {
      for (int i = 0; i < KINDS.length; i++) {
        recorders[i] = new SingleWriterRecorder(1, LONGEST_NANOS, DIGITS);
      }
    }
  }

  boolean timed() {
    return recorders != null;
  }

  /** Counts one exit; vCPU thread only. */
  void add(ExitKind kind) {
    int i = kind.ordinal();
    counts.lazySet(i, counts.getPlain(i) + 1);
  }

  /** Records the time from the exit until the vCPU may run again; vCPU thread only. */
  void time(ExitKind kind, long nanos) {
    recorders[kind.ordinal()].recordValue(Math.min(Math.max(nanos, 1), LONGEST_NANOS));
  }

  /** Exits of {@code kind} so far. */
  public long count(ExitKind kind) {
    return counts.get(kind.ordinal());
  }

  /** Service times in nanoseconds since the last call, or null where they are not recorded. */
  public Histogram intervalTimes(ExitKind kind) {
    return recorders == null ? null : recorders[kind.ordinal()].getIntervalHistogram();
  }
}
