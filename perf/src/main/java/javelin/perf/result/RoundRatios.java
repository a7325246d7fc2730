package javelin.perf.result;

import java.util.Collections;
import java.util.List;
import java.util.Optional;
import java.util.stream.IntStream;

/**
 * The ratio of two sides' medians in each round that both had: what lies between the least and the
 * greatest is how much of a difference is noise.
 *
 * @param least over the rounds
 * @param greatest over the rounds
 * @param rounds how many both sides have
 */
public record RoundRatios(double least, double greatest, int rounds) {
  /** None where there are fewer than two common rounds. */
  static Optional<RoundRatios> of(Series side, Series base) {
    int common = Math.min(side.rounds().size(), base.rounds().size());
    List<Double> ratios =
        IntStream.range(0, common)
            .filter(i -> base.rounds().get(i).p50() > 0)
            .mapToObj(i -> (double) side.rounds().get(i).p50() / base.rounds().get(i).p50())
            .toList();
    return ratios.size() < 2
        ? Optional.empty()
        : Optional.of(
            new RoundRatios(Collections.min(ratios), Collections.max(ratios), ratios.size()));
  }
}
