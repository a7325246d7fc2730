package javelin.perf.bench;

import java.io.PrintWriter;
import java.time.Duration;
import java.util.Locale;
import java.util.function.LongSupplier;

/**
 * How far a bench is, on standard error: on a terminal in one line that changes, elsewhere in a new
 * line once in a while. For one thread.
 */
public final class Progress {
  private static final long SELDOM = Duration.ofSeconds(10).toNanos();
  private static final double NANOS_PER_SECOND = 1e9;
  private static final String CLEAR_LINE = "\r\033[K";

  private final PrintWriter out;
  private final boolean terminal;
  private final LongSupplier clock;
  private final long start;
  private long last;
  private boolean open;

  /**
   * Starts the clock.
   *
   * @param terminal whether {@code out} is one
   * @param clock nanoseconds
   */
  public Progress(PrintWriter out, boolean terminal, LongSupplier clock) {
    this.out = out;
    this.terminal = terminal;
    this.clock = clock;
    start = clock.getAsLong();
    last = start;
  }

  void show(int done, int all, String doing) {
    long now = clock.getAsLong();
    if (!terminal && now - last < SELDOM) {
      return;
    }
    last = now;
    double seconds = (now - start) / NANOS_PER_SECOND;
    String left =
        done > 0
            ? String.format(Locale.ROOT, ", about %.0f s left", seconds / done * (all - done))
            : "";
    String line =
        String.format(Locale.ROOT, "%d/%d, %.0f s%s: %s", done, all, seconds, left, doing);
    if (terminal) {
      out.print(CLEAR_LINE + line);
      out.flush();
      open = true;
    } else {
      out.println(line);
    }
  }

  /** Leaves the terminal's line empty. */
  void end() {
    if (open) {
      out.print(CLEAR_LINE);
      out.flush();
      open = false;
    }
  }
}
