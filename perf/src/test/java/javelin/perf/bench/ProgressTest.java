package javelin.perf.bench;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.PrintWriter;
import java.io.StringWriter;
import java.time.Duration;
import org.junit.jupiter.api.Test;

class ProgressTest {
  private final StringWriter text = new StringWriter();
  private long now;

  private Progress progress(boolean terminal) {
    return new Progress(new PrintWriter(text), terminal, () -> now);
  }

  @Test
  void shouldChangeOneLineOnATerminal() {
    Progress progress = progress(true);
    now = Duration.ofSeconds(6).toNanos();
    progress.show(2, 10, "port write");
    progress.end();

    assertThat(text.toString()).isEqualTo("\r\033[K2/10, 6 s, about 24 s left: port write\r\033[K");
  }

  @Test
  void shouldSpeakSeldomElsewhere() {
    Progress progress = progress(false);
    for (int second = 1; second <= 25; second++) {
      now = Duration.ofSeconds(second).toNanos();
      progress.show(second, 100, "port write");
    }
    progress.end();

    assertThat(text.toString().lines())
        .containsExactly(
            "10/100, 10 s, about 90 s left: port write",
            "20/100, 20 s, about 80 s left: port write");
  }
}
