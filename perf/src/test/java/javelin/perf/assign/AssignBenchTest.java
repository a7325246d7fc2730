package javelin.perf.assign;

import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.PrintWriter;
import java.io.Writer;
import java.time.Instant;
import java.util.List;
import javelin.boot.cli.CommandException;
import javelin.perf.bench.BenchRun;
import javelin.perf.bench.Progress;
import javelin.perf.result.Outcome;
import org.assertj.core.api.ThrowableAssert.ThrowingCallable;
import org.junit.jupiter.api.Test;
import picocli.CommandLine;

final class AssignBenchTest {
  private static ThrowingCallable measuring(String... arguments) {
    AssignBench bench = new AssignBench();
    BenchRun run =
        new BenchRun(
            new Outcome("assign", List.of(), Instant.EPOCH),
            new Progress(new PrintWriter(Writer.nullWriter()), false, System::nanoTime));
    return () -> bench.measure(new CommandLine(bench.spec()).parseArgs(arguments), run);
  }

  @Test
  void shouldSayWhatIsWrongWithItsArguments() {
    assertThatThrownBy(measuring("demo:nvme"))
        .isInstanceOf(CommandException.class)
        .hasMessageContaining("nvme needs a disk");
    assertThatThrownBy(measuring("demo", "--side", "fast"))
        .isInstanceOf(CommandException.class)
        .hasMessage("--side fast: known are assigned, no mmap, no irqfd, no resample, virtio");
    assertThatThrownBy(measuring("demo", "--count", "4", "--rounds", "5"))
        .isInstanceOf(CommandException.class)
        .hasMessage("--count 4: each of 5 rounds needs one");
    assertThatThrownBy(measuring("demo", "--wire", "eth0"))
        .isInstanceOf(CommandException.class)
        .hasMessage("--wire eth0: demo is no network card of the host");
    assertThatThrownBy(measuring("demo", "--time", "soon"))
        .isInstanceOf(CommandException.class)
        .hasMessageContaining("--time: ");
    assertThatThrownBy(measuring("ff:1f.7"))
        .isInstanceOf(CommandException.class)
        .hasMessageContaining("ff:1f.7");
  }
}
