package javelin.perf;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.PrintWriter;
import java.io.StringWriter;
import org.junit.jupiter.api.Test;

class MainTest {
  private final StringWriter out = new StringWriter();
  private final StringWriter err = new StringWriter();

  private int run(String... args) {
    return Main.run(args, new PrintWriter(out, true), new PrintWriter(err, true));
  }

  @Test
  void shouldListTheMeasurementsWhenAskedForHelp() {
    assertThat(run("--help")).isZero();
    assertThat(out.toString()).contains("exits", "micro");
    assertThat(err.toString()).isEmpty();
  }

  @Test
  void shouldNameTheArgumentWhenItIsNotKnown() {
    assertThat(run("exists")).isEqualTo(2);
    assertThat(err.toString()).startsWith("javelin: ").contains("'exists'", "javelin bench --help");
  }

  @Test
  void shouldRefuseACountThatLeavesNoExitForARound() {
    assertThat(run("exits", "--count", "5", "--rounds", "6")).isEqualTo(2);
    assertThat(err.toString()).startsWith("javelin: --count 5 in --rounds 6");
  }

  @Test
  void shouldNameTheOptionOfTheBenchmarkRunnerWhenItIsNotKnown() {
    assertThat(run("micro", "-f", "nonsense")).isEqualTo(2);
    assertThat(err.toString()).startsWith("javelin: ").contains("nonsense");
  }

  @Test
  void shouldSayThatNoBenchmarkHasTheNameGiven() {
    assertThat(run("micro", "NoSuchBenchmark")).isEqualTo(2);
    assertThat(err.toString()).contains("no benchmark is called NoSuchBenchmark", "micro -l");
  }
}
