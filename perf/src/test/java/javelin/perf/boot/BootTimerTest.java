package javelin.perf.boot;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.time.Duration;
import java.util.List;
import java.util.Map;
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

    BootTimer.Boot boot =
        timer.run(shell("echo early; sleep 0.3; echo it is up now; sleep 0.2; exit 3"), 1L << 40);

    assertThat(Duration.ofNanos(boot.nanos()))
        .isBetween(Duration.ofMillis(300), Duration.ofSeconds(20));
    assertThat(boot.phases()).isEmpty();
    assertThat(boot.memory().orElseThrow()).isGreaterThan(4096);
  }

  @Test
  void shouldReadThePhasesOfTheLaunchBeforeAndAfterTheLine() throws Exception {
    BootTimer timer = new BootTimer("up", Duration.ofSeconds(30));

    BootTimer.Boot boot =
        timer.run(
            shell(
                "echo 'launch:     5.25 ms launcher'; echo up;"
                    + " echo 'launch:   130.50 ms first KVM_RUN'"),
            1);

    assertThat(boot.phases())
        .containsExactly(
            Map.entry("launcher", 5_250_000L), Map.entry("first KVM_RUN", 130_500_000L));
  }

  @Test
  void shouldStopTheClockAtTheEndWhenThereIsNoLineToWaitFor() throws Exception {
    BootTimer timer = new BootTimer(null, Duration.ofSeconds(30));

    assertThat(timer.run(shell("sleep 0.2; exit 1"), 1).nanos()).isGreaterThan(200_000_000);
    for (String script : List.of("exit 4", "echo qemu-system-x86_64: no kvm >&2; exit 1")) {
      assertThatThrownBy(() -> timer.run(shell(script), 1))
          .isInstanceOf(CommandException.class)
          .hasMessageContaining("Shell ended before its guest's end;");
    }
  }

  @Test
  void shouldShowTheEndOfTheConsoleWhenTheGuestEndsEarly() {
    BootTimer timer = new BootTimer("up", Duration.ofSeconds(30));

    assertThatThrownBy(() -> timer.run(shell("echo Kernel panic >&2"), 1))
        .isInstanceOf(CommandException.class)
        .hasMessageContaining("Shell ended before init;")
        .hasMessageEndingWith("Kernel panic");
  }

  @Test
  void shouldEndAGuestThatHangs() {
    BootTimer timer = new BootTimer("up", Duration.ofSeconds(1));

    assertThatThrownBy(() -> timer.run(shell("echo Booting; exec sleep 1000"), 1))
        .isInstanceOf(CommandException.class)
        .hasMessageContaining("Shell did not come to init within 1s;")
        .hasMessageEndingWith("Booting");
  }
}
