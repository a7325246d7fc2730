package javelin.perf.result.compare;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.within;

import java.time.Instant;
import java.util.List;
import java.util.SplittableRandom;
import javelin.perf.result.Outcome;
import javelin.perf.result.Unit;
import org.junit.jupiter.api.Test;

class ComparisonTest {
  private final SplittableRandom random = new SplittableRandom(42);

  private Outcome outcome(Unit unit, int rounds, int base) {
    Outcome outcome = new Outcome("exits", List.of(), Instant.EPOCH);
    for (int round = 0; round < rounds; round++) {
      long[] values = random.longs(1000, base, base + base / 10).toArray();
      outcome.series("port write", "Javelin", unit).add(values).count("exits", 1000, 1000);
    }
    return outcome.condition("Kernel", "6.1");
  }

  @Test
  void shouldCallASlowerSideWorse() {
    List<String> lines =
        Comparison.lines(
            outcome(Unit.NANOSECONDS, 6, 10_000), outcome(Unit.NANOSECONDS, 6, 12_000));

    assertThat(lines.get(0)).matches("port write, Javelin +p50 .*x 1\\.[12]\\d\\d  worse.*");
    assertThat(lines).last().isEqualTo("2 figures changed beyond the noise of the rounds.");
  }

  @Test
  void shouldCallMoreThroughputBetter() {
    List<String> lines =
        Comparison.lines(
            outcome(Unit.BYTES_PER_SECOND, 6, 10_000), outcome(Unit.BYTES_PER_SECOND, 6, 12_000));

    assertThat(lines.get(0)).contains("x 1.2").contains("  better (N 6000 and 6000)");
  }

  @Test
  void shouldFindNoChangeInNoise() {
    List<String> lines =
        Comparison.lines(
            outcome(Unit.NANOSECONDS, 8, 10_000), outcome(Unit.NANOSECONDS, 8, 10_000));

    assertThat(lines).filteredOn(l -> l.contains("no change beyond noise")).hasSize(2);
    assertThat(lines).last().isEqualTo("Nothing changed beyond the noise of the rounds.");
  }

  @Test
  void shouldNotJudgeWhereRoundsAreTooFew() {
    List<String> lines =
        Comparison.lines(
            outcome(Unit.NANOSECONDS, 4, 10_000), outcome(Unit.NANOSECONDS, 8, 20_000));

    assertThat(lines.get(0)).contains("too few rounds to tell");
  }

  @Test
  void shouldTellOfCountsConditionsAndWhatIsMissing() {
    Outcome before = outcome(Unit.NANOSECONDS, 6, 10_000);
    before.series("IPI", "Javelin", Unit.NANOSECONDS).add(1);
    Outcome after = outcome(Unit.NANOSECONDS, 6, 10_000).condition("Kernel", "6.12");
    after.series("port write", "Javelin", Unit.NANOSECONDS).count("exits", 12_000, 6000);

    assertThat(Comparison.lines(before, after))
        .contains(
            "port write, Javelin: exits 1.0000 -> 1.5000 for each operation",
            "IPI, Javelin: only in the first",
            "Another kernel: 6.1 -> 6.12",
            "1 figures changed beyond the noise of the rounds.");
  }

  @Test
  void shouldRefuseAnotherBench() {
    assertThatThrownBy(
            () ->
                Comparison.lines(
                    outcome(Unit.NANOSECONDS, 1, 10),
                    new Outcome("boot", List.of(), Instant.EPOCH)))
        .hasMessageContaining("bench exits")
        .hasMessageContaining("bench boot");
  }

  /**
   * Of the 252 orders of 5 and 5 values, 2 are as extreme as all of one before all of the other.
   */
  @Test
  void shouldGiveTheExactProbability() {
    long[] low = {1, 2, 3, 4, 5};
    assertThat(RankSum.probability(low, new long[] {6, 7, 8, 9, 10}))
        .isCloseTo(2 / 252.0, within(1e-12));
    assertThat(RankSum.probability(low, new long[] {6, 7, 8, 9, 4}))
        .isGreaterThan(2 / 252.0)
        .isLessThan(0.1);
    assertThat(RankSum.probability(low, low)).isEqualTo(1);
    assertThat(RankSum.probability(new long[0], low)).isEqualTo(1);
  }
}
