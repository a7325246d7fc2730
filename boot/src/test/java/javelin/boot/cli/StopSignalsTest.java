package javelin.boot.cli;

import static org.assertj.core.api.Assertions.assertThat;
import static org.junit.jupiter.api.Assumptions.assumeFalse;

import java.io.IOException;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.TimeUnit;
import javelin.vmm.linux.HostFiles;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/** Sends real signals to the process that runs the tests. */
@Timeout(30)
class StopSignalsTest {
  private static final Duration LONG = Duration.ofMinutes(1);
  private static final int SIGTERM = 15;

  private final BlockingQueue<String> events = new LinkedBlockingQueue<>();
  private final List<String> messages = new ArrayList<>();

  private final class Guest implements StopSignals.Target {
    private final boolean listens;

    Guest(boolean listens) {
      this.listens = listens;
    }

    @Override
    public boolean pressPowerButton() {
      events.add("power button");
      return listens;
    }

    @Override
    public void stop(String by) {
      events.add("stop by " + by);
    }
  }

  private static void kill(String signal) throws IOException, InterruptedException {
    String pid = Long.toString(ProcessHandle.current().pid());
    assertThat(new ProcessBuilder("kill", "-" + signal, pid).inheritIO().start().waitFor())
        .isZero();
  }

  private String next() throws InterruptedException {
    return events.poll(20, TimeUnit.SECONDS);
  }

  @Test
  void shouldPressPowerButtonFirstAndStopWhenASecondSignalComes() throws Exception {
    try (StopSignals signals = new StopSignals(new Guest(true), LONG, messages::add)) {
      assertThat(signals.received()).isZero();
      kill("TERM");
      assertThat(next()).isEqualTo("power button");
      kill("INT");
      assertThat(next()).isEqualTo("stop by SIGINT");
      assertThat(signals.received()).isEqualTo(SIGTERM);
    }
    assertThat(messages)
        .containsExactly("SIGTERM: the guest is asked to power off; once more stops it at once");
  }

  /** By nohup, for example; then the JVM leaves it ignored. */
  private static boolean isHangUpIgnored() {
    String ignored = HostFiles.system().field("/proc/self/status", "SigIgn").orElseThrow();
    return (Long.parseUnsignedLong(ignored, 16) & 1) != 0;
  }

  @Test
  void shouldStopWhenTimeToPowerOffIsOver() throws Exception {
    assumeFalse(isHangUpIgnored(), "skipped: SIGHUP is ignored here, as under nohup");
    try (StopSignals signals =
        new StopSignals(new Guest(true), Duration.ofMillis(50), messages::add)) {
      kill("HUP");
      assertThat(next()).isEqualTo("power button");
      assertThat(next()).isEqualTo("stop by SIGHUP");
      assertThat(signals.received()).isEqualTo(1);
    }
  }

  @Test
  void shouldStopAtOnceWhenGuestDoesNotListenToPowerButton() throws Exception {
    try (StopSignals signals = new StopSignals(new Guest(false), LONG, messages::add)) {
      kill("TERM");
      assertThat(next()).isEqualTo("power button");
      assertThat(next()).isEqualTo("stop by SIGTERM");
      assertThat(signals.received()).isEqualTo(SIGTERM);
    }
    assertThat(messages)
        .containsExactly("SIGTERM: the guest does not listen to its power button; stopping it");
  }
}
