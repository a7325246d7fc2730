package javelin.perf.nic;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.PrintWriter;
import java.io.Writer;
import java.time.Instant;
import java.util.List;
import javelin.perf.bench.BenchRun;
import javelin.perf.bench.Progress;
import javelin.perf.result.Gap;
import javelin.perf.result.Outcome;
import org.junit.jupiter.api.Test;

class NicBenchTest {
  @Test
  void shouldSayWhatToGiveWhereThereIsNoWire() {
    Outcome outcome = new Outcome("assign", List.of(), Instant.EPOCH);
    NicBench.withoutWire(
        new BenchRun(
            outcome, new Progress(new PrintWriter(Writer.nullWriter()), false, System::nanoTime)));

    assertThat(outcome.gaps())
        .containsExactly(
            new Gap(
                "TCP exchanges",
                "with --wire, name the host's interface at the other end of the card's cable"));
  }
}
