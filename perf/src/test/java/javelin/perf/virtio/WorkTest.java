package javelin.perf.virtio;

import static org.assertj.core.api.Assertions.assertThat;

import java.time.Instant;
import java.util.List;
import java.util.Map;
import javelin.perf.linux.Work;
import javelin.perf.linux.Work.Done;
import javelin.perf.result.Counter;
import javelin.perf.result.Outcome;
import javelin.perf.result.Series;
import javelin.perf.result.Unit;
import org.HdrHistogram.Histogram;
import org.junit.jupiter.api.Test;

class WorkTest {
  private final Outcome outcome = new Outcome("virtio", List.of(), Instant.EPOCH);

  private static FioJob job(String name) {
    return FioJob.ALL.stream().filter(job -> job.name().equals(name)).findFirst().orElseThrow();
  }

  private static Done done(long operations, long bytes) {
    Histogram times = new Histogram(Series.DIGITS);
    times.recordValueWithCount(1000, operations);
    return new Done(times, operations, bytes, 500_000_000);
  }

  @Test
  void shouldShowTheTimeOfEachOperationWhenOneIsInFlight() {
    job("randread-1").work().add(outcome, "Javelin", done(10, 40960), Map.of("exits", 25L));

    assertThat(outcome.series()).hasSize(1);
    Series series = outcome.series().get(0);
    assertThat(series.unit()).isEqualTo(Unit.NANOSECONDS);
    assertThat(series.n()).isEqualTo(10);
    assertThat(series.counters()).containsExactly(new Counter("exits", 25, 10));
  }

  @Test
  void shouldShowARateForEachRoundWhenManyAreInFlight() {
    Work work = job("randwrite-32").work();
    work.add(outcome, "Javelin", done(100, 409600), Map.of());
    work.add(outcome, "Javelin", done(200, 819200), Map.of());

    Series rate = outcome.find("4 KiB random write, depth 32", "Javelin").orElseThrow();
    assertThat(rate.unit()).isEqualTo(Unit.OPERATIONS_PER_SECOND);
    assertThat(rate.n()).isEqualTo(2);
    assertThat(rate.at(0)).isEqualTo(200);
    Series time = outcome.find("4 KiB random write, depth 32, time", "Javelin").orElseThrow();
    assertThat(time.n()).isEqualTo(300);
  }
}
