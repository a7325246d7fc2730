package javelin.boot.machine;

import java.util.ArrayList;
import java.util.List;
import java.util.Locale;

/**
 * When a launch reached each of its phases, in nanoseconds of {@link System#nanoTime}. A stamp
 * costs one reading of that clock.
 *
 * <p>Each phase has one thread that stamps it; who reads it on another one has been told by it.
 */
public final class LaunchTimes {
  private static final LaunchPhase[] PHASES = LaunchPhase.values();
  private static final double NANOS_PER_MILLI = 1e6;

  private final long[] nanos = new long[PHASES.length];
  private final boolean[] reached = new boolean[PHASES.length];

  /** {@code phase} is reached now. */
  public void reached(LaunchPhase phase) {
    reached(phase, System.nanoTime());
  }

  /** {@code phase} was reached at {@code time}. */
  public void reached(LaunchPhase phase, long time) {
    nanos[phase.ordinal()] = time;
    reached[phase.ordinal()] = true;
  }

  /** Whether {@code phase} was reached. */
  public boolean has(LaunchPhase phase) {
    return reached[phase.ordinal()];
  }

  /** Nanoseconds from one phase to another; both were reached. */
  public long between(LaunchPhase from, LaunchPhase to) {
    if (!has(from) || !has(to)) {
      throw new IllegalStateException("the launch has not come to " + from + " and " + to);
    }
    return nanos[to.ordinal()] - nanos[from.ordinal()];
  }

  /**
   * The phases that were reached, a line each: milliseconds from {@code start}, then the phase.
   *
   * @param start the process's start in nanoseconds of {@link System#nanoTime}
   */
  public List<String> lines(long start) {
    List<String> lines = new ArrayList<>();
    for (LaunchPhase phase : PHASES) {
      if (has(phase)) {
        double millis = (nanos[phase.ordinal()] - start) / NANOS_PER_MILLI;
        lines.add(String.format(Locale.ROOT, "%8.2f ms %s", millis, phase.label()));
      }
    }
    return lines;
  }
}
