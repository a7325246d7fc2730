package javelin.perf.assign;

import static org.assertj.core.api.Assertions.assertThat;

import java.time.Instant;
import java.util.List;
import javelin.perf.result.Counter;
import javelin.perf.result.Outcome;
import javelin.perf.result.Series;
import javelin.perf.result.Unit;
import org.junit.jupiter.api.Test;

final class CountsTest {
  private final Series series =
      new Outcome("assign", List.of(), Instant.EPOCH).series("case", "side", Unit.NANOSECONDS);

  @Test
  void shouldLeaveTheMarksExitOut() {
    Counts counts = new Counts(200, 111, 40, 7, 9000).since(new Counts(99, 100, 30, 5, 1000));
    assertThat(counts).isEqualTo(new Counts(100, 10, 10, 2, 8000));
  }

  @Test
  void shouldTellWhatThisKernelCountsOnly() {
    Counts counts = new Counts(-1, 11, -1, 7, 9000).since(new Counts(-1, 0, -1, 5, 1000));
    counts.addTo(series, 10);
    assertThat(series.counters())
        .containsExactly(
            new Counter("to Javelin", 10, 10),
            new Counter("thread wake-ups", 2, 10),
            new Counter("host CPU ns", 8000, 10));
  }
}
