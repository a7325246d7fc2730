package javelin.perf.result;

import java.util.Optional;
import java.util.stream.IntStream;

/**
 * The ratio of two sides' medians in each round that both had. Its median is less the host's doing
 * than the ratio of all samples: whatever a host does for longer than a round falls on both sides.
 *
 * @param median of the rounds' ratios
 * @param lower what the middle half of them does not fall below; with few rounds, what none does
 * @param upper what the middle half of them does not exceed; with few rounds, what none does
 * @param rounds how many both sides have
 */
public record RoundRatios(double median, double lower, double upper, int rounds) {
  private static final int FEW = 8;

  /** None where there are fewer than two common rounds. */
  static Optional<RoundRatios> of(Series side, Series base) {
    int common = Math.min(side.rounds().size(), base.rounds().size());
    double[] ratios =
        IntStream.range(0, common)
            .filter(i -> base.rounds().get(i).p50() > 0)
            .mapToDouble(i -> (double) side.rounds().get(i).p50() / base.rounds().get(i).p50())
            .sorted()
            .toArray();
    int last = ratios.length - 1;
    if (last < 1) {
      return Optional.empty();
    }
    int tail = ratios.length < FEW ? 0 : ratios.length / 4;
    double median = (ratios[last / 2] + ratios[(last + 1) / 2]) / 2;
    return Optional.of(new RoundRatios(median, ratios[tail], ratios[last - tail], ratios.length));
  }

  /** Whether {@link #lower} and {@link #upper} are those of all rounds. */
  boolean hasFew() {
    return rounds < FEW;
  }
}
