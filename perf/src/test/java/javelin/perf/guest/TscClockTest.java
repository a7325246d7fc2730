package javelin.perf.guest;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import org.junit.jupiter.api.Test;

class TscClockTest {
  private final SampleText text = new SampleText(1);

  @Test
  void shouldTurnTicksIntoNanoseconds() {
    TscClock clock = new TscClock(2_600_000);
    assertThat(clock.nanos(26)).isEqualTo(10);
    assertThat(clock.nanos(-26)).isEqualTo(-10);
    assertThat(clock.nanos(2_600_000_000_000L)).isEqualTo(1_000_000_000_000L);
  }

  @Test
  void shouldTakeTheGuestsOwnFigureOnlyWhenKvmHasNone() {
    text.accept("@count tsc-khz 1000");
    assertThat(TscClock.of(2000, text)).isEqualTo(new TscClock(2000));
    assertThat(TscClock.of(0, text)).isEqualTo(new TscClock(1000));
  }

  @Test
  void shouldRefuseWhenNobodyKnowsTheFrequency() {
    assertThatThrownBy(() -> TscClock.of(0, text)).isInstanceOf(IllegalStateException.class);
    text.accept("@count tsc-khz 0");
    assertThatThrownBy(() -> TscClock.of(0, text)).isInstanceOf(IllegalStateException.class);
  }
}
