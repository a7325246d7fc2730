package javelin.perf.result.page;

import static org.assertj.core.api.Assertions.assertThat;

import org.junit.jupiter.api.Test;

class TicksTest {
  @Test
  void shouldEncloseTheValuesInSteps() {
    assertThat(Ticks.around(8_300, 42_000)).containsExactly(5e3, 1e4, 2e4, 5e4);
    assertThat(Ticks.around(1, 1)).containsExactly(1.0, 2.0);
    assertThat(Ticks.around(1000, 1000)).containsExactly(1e3, 2e3);
  }

  @Test
  void shouldTakePowersOfTenWhenTheScaleIsLong() {
    assertThat(Ticks.around(30, 12_000)).containsExactly(1e1, 1e2, 1e3, 1e4, 1e5);
  }
}
