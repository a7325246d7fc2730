package javelin.perf.result;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Instant;
import java.util.List;
import java.util.stream.LongStream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class OutcomeTest {
  private final Outcome outcome =
      new Outcome("exits", List.of("--count", "100"), Instant.parse("2026-01-02T03:04:05Z"));

  private static long[] upTo(int n, int step) {
    return LongStream.rangeClosed(1, n).map(i -> i * step).toArray();
  }

  private Outcome filled() {
    outcome.condition("Machine", "a \"test\"").ratio("Javelin", "C").gap("IPI", "one CPU only");
    for (int round = 0; round < 2; round++) {
      outcome.series("port write", "C", Unit.NANOSECONDS).add(upTo(100, 10));
      outcome
          .series("port write", "Javelin", Unit.NANOSECONDS)
          .add(upTo(100, 15))
          .count("exits", 100, 100);
    }
    outcome.scheduled("timer", "Javelin", Unit.NANOSECONDS).add(5);
    outcome.series("stream", "Javelin", Unit.BYTES_PER_SECOND).add(3 << 20);
    return outcome;
  }

  @Test
  void shouldPutNAndUnitOnEveryFigureOfTheTable() {
    List<String> lines = OutcomeTable.lines(filled());

    assertThat(lines.get(0)).matches("case +side +N +min +p50 +p90 +p99 +p99.9 +max");
    assertThat(lines.get(1))
        .matches("port write +C +200 +10 ns +500 ns +90\\d ns +99\\d ns +- +1000 ns|.*1.00 µs");
    assertThat(lines.get(2)).contains("Javelin").endsWith("  exits 1/op");
    assertThat(lines.get(3))
        .matches(
            " +Javelin / C( +1\\.5\\d\\d){4} +- +1\\.50\\d  p50 by rounds 1.5\\d*, all of 2 within 1.5\\d* to 1.5\\d*");
  }

  @Test
  void shouldLeaveOutPercentilesThatTooFewSamplesStandBehind() {
    List<String> lines = OutcomeTable.lines(filled());

    assertThat(lines)
        .anyMatch(
            l -> l.matches("timer +Javelin +1 +5 ns +5 ns +- +- +- +5 ns  against a schedule"))
        .anyMatch(l -> l.matches("stream +Javelin +1( +3.00 MiB/s){2}( +-){3} +3.00 MiB/s"));
  }

  @Test
  void shouldSayWhatIsMissingInsteadOfPrintingZeros() {
    outcome.series("port write", "C", Unit.NANOSECONDS);
    outcome
        .gap("port write on C", "gcc is not installed")
        .gap("port write on C", "gcc is not installed");

    assertThat(OutcomeTable.lines(outcome))
        .containsExactly("Not measured: port write on C: gcc is not installed");
  }

  @Test
  void shouldReadTheSameOutcomeFromItsJson() {
    Outcome read = OutcomeJson.read(OutcomeJson.write(filled().interrupted(true)));

    assertThat(OutcomeTable.lines(read)).isEqualTo(OutcomeTable.lines(outcome));
    assertThat(OutcomeJson.write(read)).isEqualTo(OutcomeJson.write(outcome));
    assertThat(read.started()).isEqualTo(outcome.started());
    assertThat(read.arguments()).containsExactly("--count", "100");
    assertThat(read.isInterrupted()).isTrue();
  }

  @Test
  void shouldSayWhatIsWrongWithAnotherJson() {
    assertThatThrownBy(() -> OutcomeJson.read("{}")).hasMessageContaining("no result of");
    String broken = OutcomeJson.write(filled()).replace("\"side\": \"C\"", "\"side\": 3");
    assertThatThrownBy(() -> OutcomeJson.read(broken))
        .isInstanceOf(IllegalArgumentException.class)
        .hasMessageContaining("another kind");
    String cut = OutcomeJson.write(outcome).replace("\"histogram\": \"HIST", "\"histogram\": \"");
    assertThatThrownBy(() -> OutcomeJson.read(cut)).isInstanceOf(IllegalArgumentException.class);
  }

  @Test
  void shouldWriteAPercentileFileForEachSeries(@TempDir Path folder) throws Exception {
    HgrmFiles.write(filled(), folder);

    assertThat(folder.toFile().list())
        .containsExactlyInAnyOrder(
            "exits-port-write-C-ns.hgrm",
            "exits-port-write-Javelin-ns.hgrm",
            "exits-timer-Javelin-ns.hgrm",
            "exits-stream-Javelin-B-per-s.hgrm");
    assertThat(Files.readString(folder.resolve("exits-port-write-C-ns.hgrm")))
        .contains("Percentile", "Total count    =          200");
  }

  @Test
  void shouldWriteValuesInTheLargestUnitThatFits() {
    assertThat(Unit.NANOSECONDS.format(0)).isEqualTo("0 ns");
    assertThat(Unit.NANOSECONDS.format(999)).isEqualTo("999 ns");
    assertThat(Unit.NANOSECONDS.format(8_310)).isEqualTo("8.31 µs");
    assertThat(Unit.NANOSECONDS.format(83_100_000)).isEqualTo("83.1 ms");
    assertThat(Unit.NANOSECONDS.format(7.2e12)).isEqualTo("7200 s");
    assertThat(Unit.BYTES.format(1 << 20)).isEqualTo("1.00 MiB");
    assertThat(Unit.OPERATIONS_PER_SECOND.format(123_456)).isEqualTo("123 k/s");
  }
}
