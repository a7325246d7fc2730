package javelin.boot.cli;

import static org.assertj.core.api.Assertions.assertThat;

import java.nio.file.Files;
import java.nio.file.Path;
import java.util.concurrent.atomic.AtomicReference;
import javelin.vmm.kvm.KvmAvailable;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

@Timeout(60)
class ServeCommandTest {
  @TempDir Path folder;

  @Test
  void shouldNameWhatIsWrong() {
    CommandRun device = CommandRun.of("serve", "gpu", "--socket", "s");
    assertThat(device.exitCode()).isEqualTo(ExitCode.USAGE);
    assertThat(device.err()).contains("\"gpu\" is no device that Javelin serves: it is one of edu");
    CommandRun fault = CommandRun.of("serve", "edu", "--socket", "s", "--fault", "melt");
    assertThat(fault.exitCode()).isEqualTo(ExitCode.USAGE);
    assertThat(fault.err()).contains("--fault: a fault is one of drop-irq");
    CommandRun socket = CommandRun.of("serve", "edu", "--socket", folder.toString());
    assertThat(socket.exitCode()).isEqualTo(ExitCode.START_ERROR);
    assertThat(socket.err())
        .contains("--socket: socket " + folder + ": a file that is no socket is there");
  }

  @Test
  @Tag("kvm")
  void shouldServeADeviceToARunUntilItIsEnded() throws Exception {
    KvmAvailable.assumeKvm();
    Path socket = folder.resolve("msix.sock");
    Path log = folder.resolve("console.log");
    AtomicReference<CommandRun> served = new AtomicReference<>();
    // Until the server takes the signal over, it must not end the tests.
    try (SignalHook guard = new SignalHook("TERM", (name, number) -> {})) {
      assertThat(guard).isNotNull();
      Thread server =
          new Thread(
              () -> served.set(CommandRun.of("serve", "msix", "--socket", socket.toString())));
      server.start();
      while (!Files.exists(socket)) {
        Thread.sleep(5);
      }
      for (int i = 0; i < 2; i++) {
        CommandRun run =
            CommandRun.of(
                "run",
                "--guest",
                "assign-check",
                "--assign",
                "user:" + socket,
                "--serial",
                "file:" + log,
                "--timeout",
                "30s");
        assertThat(run.exitCode()).as(run.err()).isZero();
        assertThat(Files.readString(log)).containsPattern("All \\d+ checks passed");
      }
      String pid = Long.toString(ProcessHandle.current().pid());
      new ProcessBuilder("kill", "-TERM", pid).start().waitFor();
      server.join();
    }
    assertThat(served.get().exitCode()).isZero();
    assertThat(served.get().err()).isEqualTo("javelin: msix is served at " + socket + "\n");
    assertThat(socket).doesNotExist();
  }

  @Test
  @Tag("kvm")
  void shouldSayThatNothingServesADevice() {
    KvmAvailable.assumeKvm();
    String socket = folder.resolve("none.sock").toString();
    CommandRun run = CommandRun.of("run", "--assign", "user:" + socket, "--timeout", "10s");
    assertThat(run.exitCode()).isEqualTo(ExitCode.START_ERROR);
    assertThat(run.err())
        .isEqualTo(
            "javelin: user:"
                + socket
                + ": there is no such socket; start the device's server first\n");
  }
}
