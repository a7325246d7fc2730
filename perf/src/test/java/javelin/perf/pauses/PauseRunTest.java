package javelin.perf.pauses;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.io.PrintWriter;
import java.io.StringWriter;
import java.time.Instant;
import java.util.List;
import javelin.perf.bench.BenchRun;
import javelin.perf.bench.Progress;
import javelin.perf.result.Counter;
import javelin.perf.result.Outcome;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/** Counts, not times: how long a collection takes is told by the bench. */
@Timeout(120)
class PauseRunTest {
  private static final int REQUESTS = 100_000;

  private final Outcome outcome = new Outcome("pauses", List.of(), Instant.EPOCH);
  private final BenchRun run =
      new BenchRun(
          outcome, new Progress(new PrintWriter(new StringWriter()), false, System::nanoTime));

  private long counted(String phase, String what) {
    return outcome.find("request", phase).orElseThrow().counters().stream()
        .filter(counter -> counter.name().equals(what))
        .mapToLong(Counter::total)
        .sum();
  }

  @Test
  void shouldHaveNoCollectionsButThoseOfOthers() throws IOException {
    new PauseRun(REQUESTS, run).measure();
    assertThat(outcome.of("request"))
        .hasSize(4)
        .allSatisfy(series -> assertThat(series.n()).isEqualTo(REQUESTS));
    assertThat(counted("alone", "collections")).isZero();
    assertThat(counted("other kinds run", "collections")).isZero();
  }

  @Test
  void shouldMeasureNothingMoreWhenTheUserWantsAnEnd() throws IOException {
    run.stop();
    new PauseRun(REQUESTS, run).measure();
    assertThat(outcome.series()).isEmpty();
  }

  @Test
  void shouldTellOfACollectionWhenThereIsOne() throws IOException {
    JvmEvents events = JvmEvents.during(System::gc);
    assertThat(events.pauses()).isNotEmpty();
    assertThat(events.pauses()[0]).isPositive();
    assertThat(events.stops()).isNotEmpty();
  }
}
