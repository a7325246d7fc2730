package javelin.perf.result;

import org.HdrHistogram.Histogram;

/**
 * One turn of a side, kept as a few figures: how they vary from round to round tells noise from
 * change.
 *
 * @param n samples
 * @param p50 median
 * @param p99 the value that 99 % of the samples stay within
 */
public record Round(long n, long p50, long p99) {
  private static final double MEDIAN = 50;
  private static final double TAIL = 99;

  /** The figures of {@code histogram}. */
  static Round of(Histogram histogram) {
    return new Round(
        histogram.getTotalCount(),
        histogram.getValueAtPercentile(MEDIAN),
        histogram.getValueAtPercentile(TAIL));
  }
}
