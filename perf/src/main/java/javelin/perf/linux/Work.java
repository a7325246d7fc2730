package javelin.perf.linux;

import java.util.Map;
import javelin.perf.result.Outcome;
import javelin.perf.result.Series;
import javelin.perf.result.Unit;
import org.HdrHistogram.Histogram;

/**
 * A piece of work that all sides do, and what its figures are: the time of each operation where one
 * waits for the one before, how much is done in a second where not.
 *
 * @param title for people
 * @param rate what is counted by the second; null where only times are
 */
public record Work(String title, Unit rate) {
  private static final double NANOS_PER_SECOND = 1e9;
  private static final int MEBIBYTE = 1 << 20;

  /**
   * What was done.
   *
   * @param times nanoseconds of each operation; of a stream, for each MiB
   * @param operations how many; of a stream, 0
   * @param nanos how long it took in all
   */
  public record Done(Histogram times, long operations, long bytes, long nanos) {
    /** What counters are divided by: operations, or MiB of a stream. */
    public long units() {
      return Math.max(operations > 0 ? operations : bytes / MEBIBYTE, 1);
    }

    private long perSecond(Unit unit) {
      long amount = unit == Unit.BYTES_PER_SECOND ? bytes : operations;
      return Math.round(amount * NANOS_PER_SECOND / Math.max(nanos, 1));
    }
  }

  /** Adds what {@code side} did in one round, and what was counted meanwhile. */
  public void add(Outcome outcome, String side, Done done, Map<String, Long> counters) {
    Series series;
    if (rate == null) {
      series = outcome.series(title, side, Unit.NANOSECONDS).add(done.times());
    } else {
      series = outcome.series(title, side, rate).add(done.perSecond(rate));
      if (rate == Unit.OPERATIONS_PER_SECOND) {
        outcome.series(title + ", time", side, Unit.NANOSECONDS).add(done.times());
      }
    }
    counters.forEach((name, total) -> series.count(name, total, done.units()));
  }
}
