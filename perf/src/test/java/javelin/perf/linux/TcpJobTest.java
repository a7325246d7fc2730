package javelin.perf.linux;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.data.Offset.offset;

import java.time.Instant;
import java.util.List;
import java.util.Map;
import javelin.perf.linux.Work.Done;
import javelin.perf.result.Counter;
import javelin.perf.result.Outcome;
import javelin.perf.result.Series;
import javelin.perf.result.Unit;
import org.HdrHistogram.Histogram;
import org.junit.jupiter.api.Test;

class TcpJobTest {
  private final Outcome outcome = new Outcome("virtio", List.of(), Instant.EPOCH);

  @Test
  void shouldCountAStreamByTheMebibyte() {
    Done done = new Done(new Histogram(Series.DIGITS), 0, 64 << 20, 500_000_000);
    TcpJob.TO_GUEST.work().add(outcome, "QEMU", done, Map.of("exits", 128L));

    Series series = outcome.series().get(0);
    assertThat(series.unit()).isEqualTo(Unit.BYTES_PER_SECOND);
    assertThat(series.at(0)).isCloseTo(128L << 20, offset(1L << 18));
    assertThat(series.counters()).containsExactly(new Counter("exits", 128, 64));
  }

  @Test
  void shouldShowTheTimeOfEachRoundTrip() {
    Histogram times = new Histogram(Series.DIGITS);
    times.recordValueWithCount(1000, 10);
    TcpJob.REQUEST_RESPONSE
        .work()
        .add(outcome, "virtio", new Done(times, 10, 20, 10_000), Map.of());

    Series series = outcome.series().get(0);
    assertThat(series.unit()).isEqualTo(Unit.NANOSECONDS);
    assertThat(series.n()).isEqualTo(10);
  }

  @Test
  void shouldKnowWhatTheGuestCallsThem() {
    for (String name : TcpJob.names()) {
      assertThat(TcpJob.of(name).id()).isEqualTo(name);
    }
    assertThatThrownBy(() -> TcpJob.of("udp"))
        .isInstanceOf(IllegalArgumentException.class)
        .hasMessageContaining("udp");
  }
}
