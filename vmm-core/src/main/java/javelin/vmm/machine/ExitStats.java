package javelin.vmm.machine;

import java.util.concurrent.TimeUnit;
import javelin.vmm.linux.NativeMemory;
import org.HdrHistogram.Histogram;
import org.HdrHistogram.SingleWriterRecorder;
import org.agrona.concurrent.UnsafeBuffer;

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

  /** A u64 for each kind. No AtomicLongArray, whose handles take a launch milliseconds to make. */
  private final UnsafeBuffer counts = NativeMemory.allocate(KINDS.length * Long.BYTES);

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
    int index = kind.ordinal() * Long.BYTES;
    counts.putLongRelease(index, counts.getLong(index) + 1);
  }

  /** Records the time from the exit until the vCPU may run again; vCPU thread only. */
  void time(ExitKind kind, long nanos) {
    recorders[kind.ordinal()].recordValue(Math.min(Math.max(nanos, 1), LONGEST_NANOS));
  }

  /** Exits of {@code kind} so far. */
  public long count(ExitKind kind) {
    return counts.getLongVolatile(kind.ordinal() * Long.BYTES);
  }

  /** Service times in nanoseconds since the last call, or null where they are not recorded. */
  public Histogram intervalTimes(ExitKind kind) {
    return recorders == null ? null : recorders[kind.ordinal()].getIntervalHistogram();
  }
}
