package javelin.perf.result;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import java.time.Instant;
import java.util.List;
import org.junit.jupiter.api.Test;

class RoundRatiosTest {
  private final Outcome outcome = new Outcome("exits", List.of(), Instant.EPOCH);

  private RoundRatios ratios(long... values) {
    for (long value : values) {
      outcome.series("case", "side", Unit.NANOSECONDS).add(value);
      outcome.series("case", "base", Unit.NANOSECONDS).add(1000);
    }
    Series side = outcome.find("case", "side").orElseThrow();
    return RoundRatios.of(side, outcome.find("case", "base").orElseThrow()).orElse(null);
  }

  @Test
  void shouldPairTheRoundsInWhichBothHadTheSameOfTheHost() {
    RoundRatios ratios = ratios(900, 1000, 1010, 1020, 1030, 1040, 1100, 9000);

    assertThat(ratios.rounds()).isEqualTo(8);
    assertThat(ratios.median()).isEqualTo(1.025, within(0.002));
    assertThat(ratios.lower()).isEqualTo(1.010, within(0.002));
    assertThat(ratios.upper()).isEqualTo(1.040, within(0.002));
    assertThat(ratios.hasFew()).isFalse();
  }

  @Test
  void shouldTellOfAllRoundsWhereThereAreFew() {
    RoundRatios ratios = ratios(900, 1100, 3000);

    assertThat(ratios.lower()).isEqualTo(0.9, within(0.002));
    assertThat(ratios.median()).isEqualTo(1.1, within(0.002));
    assertThat(ratios.upper()).isEqualTo(3.0, within(0.002));
    assertThat(ratios.hasFew()).isTrue();
  }

  @Test
  void shouldHaveNoneOfOneRound() {
    assertThat(ratios(900)).isNull();
  }
}
