package javelin.boot.machine;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Instant;
import java.time.temporal.ChronoUnit;
import javelin.vmm.linux.HostFiles;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class LaunchTimesTest {
  private static final long MILLI = 1_000_000;

  @TempDir Path root;

  @Test
  void shouldShowReachedPhasesInTheirOrder() {
    LaunchTimes times = new LaunchTimes();
    times.reached(LaunchPhase.VM, 31 * MILLI);
    times.reached(LaunchPhase.JVM, 21 * MILLI);

    assertThat(times.lines(MILLI)).containsExactly("   20.00 ms JVM", "   30.00 ms VM");
    assertThat(times.between(LaunchPhase.JVM, LaunchPhase.VM)).isEqualTo(10 * MILLI);
    assertThatThrownBy(() -> times.between(LaunchPhase.JVM, LaunchPhase.ENTRY))
        .isInstanceOf(IllegalStateException.class);
  }

  @Test
  void shouldTakeTheLaunchersWord() {
    long now = ChronoUnit.MICROS.between(Instant.EPOCH, Instant.now());
    String times = seconds(now - 50_000, '.') + ":" + seconds(now - 40_000, ',');

    ProcessStart found = ProcessStart.find(times, new HostFiles(root));

    assertThat(found.jvm() - found.start()).isBetween(9 * MILLI, 11 * MILLI);
    assertThat(System.nanoTime() - found.start()).isGreaterThanOrEqualTo(50 * MILLI);
  }

  private static String seconds(long micros, char point) {
    return String.format("%d%c%06d", micros / 1_000_000, point, micros % 1_000_000);
  }

  @Test
  void shouldAskTheKernelWhenNoLauncherSaysItOrItCannotBe() throws Exception {
    Files.createDirectories(root.resolve("proc/self"));
    Files.writeString(root.resolve("proc/uptime"), "100.50 7.00\n");
    String stat = "7 (a) b) S 1 7 7 0 -1 0 0 0 0 0 0 0 0 0 20 0 1 0 10000 0 0\n";
    Files.writeString(root.resolve("proc/self/stat"), stat);

    for (String launcher : new String[] {"", ":", "x", "5:x", "5:6", "99999999999999999:1"}) {
      ProcessStart found = ProcessStart.find(launcher, new HostFiles(root));
      long ago = System.nanoTime() - found.start();
      assertThat(ago).as(launcher).isBetween(500 * MILLI, 20_000 * MILLI);
      assertThat(found.jvm()).isEqualTo(found.start());
    }
  }
}
