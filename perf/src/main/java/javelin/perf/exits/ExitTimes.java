package javelin.perf.exits;

import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.TimeUnit;
import org.HdrHistogram.Histogram;

/** What one side took for one loop, over all rounds. */
final class ExitTimes {
  private static final long LONGEST_NANOS = TimeUnit.SECONDS.toNanos(60);
  private static final int DIGITS = 3;
  private static final int MEDIAN = 50;

  private final Histogram all = new Histogram(LONGEST_NANOS, DIGITS);
  private final List<Long> roundMedians = new ArrayList<>();
  private long allocatedBytes;

  /** Adds a round. */
  void add(Samples samples) {
    Histogram round = new Histogram(LONGEST_NANOS, DIGITS);
    for (long nanos : samples.nanos()) {
      round.recordValue(Math.min(Math.max(nanos, 1), LONGEST_NANOS));
    }
    all.add(round);
    roundMedians.add(round.getValueAtPercentile(MEDIAN));
    allocatedBytes += samples.allocatedBytes();
  }

  /** How many exits there are. */
  long count() {
    return all.getTotalCount();
  }

  /** Nanoseconds that {@code percentile} per cent of the exits stay within; 0 is the shortest. */
  long nanos(double percentile) {
    return percentile == 0 ? all.getMinValue() : all.getValueAtPercentile(percentile);
  }

  /** The median of each round, in ns, in order. */
  List<Long> roundMedians() {
    return List.copyOf(roundMedians);
  }

  /** Java heap bytes that an exit costs. */
  double bytesPerExit() {
    return count() == 0 ? 0 : (double) allocatedBytes / count();
  }
}
