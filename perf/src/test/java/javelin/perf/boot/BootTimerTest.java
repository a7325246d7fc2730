package javelin.perf.boot;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.time.Duration;
import java.util.List;
import javelin.boot.cli.CommandException;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

@Timeout(60)
class BootTimerTest {
  private static Contestant shell(String script) {
    return new Contestant("Shell", List.of("/bin/sh", "-c", script));
  }

  @Test
  void shouldStopTheClockAtTheLineAndAwaitTheEnd() throws Exception {
    BootTimer timer = new BootTimer("up", Duration.ofSeconds(30));

    Duration time = timer.run(shell("echo early; sleep 0.3; echo it is up now; exit 3"));

    assertThat(time).isBetween(Duration.ofMillis(300), Duration.ofSeconds(20));
  }

  @Test
  void shouldShowTheEndOfTheConsoleWhenTheGuestEndsEarly() {
    BootTimer timer = new BootTimer("up", Duration.ofSeconds(30));

    assertThatThrownBy(() -> timer.run(shell("echo Kernel panic >&2")))
        .isInstanceOf(CommandException.class)
        .hasMessageContaining("Shell did not come to its init")
        .hasMessageEndingWith("Kernel panic");
  }

  @Test
  void shouldEndAGuestThatHangs() {
    BootTimer timer = new BootTimer("up", Duration.ofSeconds(1));

    assertThatThrownBy(() -> timer.run(shell("echo Booting; exec sleep 1000")))
        .isInstanceOf(CommandException.class)
        .hasMessageContaining("within")
        .hasMessageEndingWith("Booting");
  }

  @Test
  void shouldCompareMediansWithTheFirst() {
    BootTimes times = new BootTimes();
    for (int i = 1; i <= 3; i++) {
      times.add("one", Duration.ofMillis(1000L * i));
      times.add("two", Duration.ofMillis(1500L * i));
    }

    assertThat(times.table().get(1)).matches("one +1.00 +2.00 +3.00 +1.00");
    assertThat(times.table().get(2)).matches("two +1.50 +3.00 +4.50 +1.50");
  }

  @Test
  void shouldSayNoneWhenAContestantNeverCameToItsInit() {
    BootTimes times = new BootTimes();
    times.addFailure("one");
    times.add("two", Duration.ofMillis(1500));

    assertThat(times.failures()).isEqualTo(1);
    assertThat(times.table().get(1)).matches("one +none");
    assertThat(times.table().get(2)).matches("two +1.50 +1.50 +1.50 +1.00");
  }
}
