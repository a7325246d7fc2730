package javelin.perf.result;

import java.util.Optional;

/** The columns of every table. A percentile that too few samples stand behind has no value. */
public enum Percentile {
  /** The least value. */
  MIN("min", 0, 1),
  /** The median. */
  P50("p50", 50, 1),
  /** 90 %. */
  P90("p90", 90, 10),
  /** 99 %. */
  P99("p99", 99, 100),
  /** 99.9 %. */
  P999("p99.9", 99.9, 1000),
  /** The greatest value. */
  MAX("max", 100, 1);

  private final String label;
  private final double percent;
  private final int leastSamples;

  Percentile(String label, double percent, int leastSamples) {
    this.label = label;
    this.percent = percent;
    this.leastSamples = leastSamples;
  }

  /** The name for reports. */
  public String label() {
    return label;
  }

  /** The value of {@code series} there; none where it has too few samples to say. */
  public Optional<Long> of(Series series) {
    return series.n() < leastSamples ? Optional.empty() : Optional.of(series.at(percent));
  }

  /** {@code side}'s value by {@code base}'s; none where one of them is not there or zero. */
  public Optional<Double> ratio(Series side, Series base) {
    return of(side).flatMap(s -> of(base).filter(b -> b > 0).map(b -> (double) s / b));
  }
}
