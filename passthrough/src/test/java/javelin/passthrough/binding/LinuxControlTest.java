package javelin.passthrough.binding;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import javelin.vmm.linux.Errno;
import javelin.vmm.linux.ErrnoException;
import javelin.vmm.linux.HostFiles;
import javelin.vmm.linux.Linux;
import javelin.vmm.linux.NoLeaks;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class LinuxControlTest {
  @TempDir Path root;

  private LinuxControl control(Duration deadline) {
    return new LinuxControl(new HostFiles(root), Linux.system(), deadline);
  }

  private LinuxControl control() {
    return control(Duration.ofSeconds(20));
  }

  @Test
  void shouldWriteToTheFileBelowTheRoot() throws Exception {
    Path file = Files.writeString(root.resolve("unbind"), "");
    NoLeaks.noLeaks(() -> control().write("/unbind", "0000:00:07.0"));
    assertThat(file).hasContent("0000:00:07.0");
    assertThat(control().mayWrite("/unbind")).isTrue();
    assertThat(control().mayWrite("/bind")).isFalse();
  }

  @Test
  void shouldPassOnWhatTheKernelRefusesWith() {
    assertThatThrownBy(() -> control().write("/unbind", "x"))
        .isInstanceOf(ErrnoException.class)
        .matches(e -> ((ErrnoException) e).is(Errno.ENOENT));
  }

  @Test
  void shouldWriteAlsoWhenTheThreadIsInterrupted() throws Exception {
    Path file = Files.writeString(root.resolve("unbind"), "");
    Thread.currentThread().interrupt();
    control().write("/unbind", "1");
    assertThat(Thread.interrupted()).isTrue();
    assertThat(file).hasContent("1");
  }

  @Test
  void shouldSayWhereTheKernelIsWhenAWriteDoesNotComeBack() throws Exception {
    // Opening a FIFO to write waits for a reader, as unbinding waits for a driver.
    Path fifo = root.resolve("unbind");
    assertThat(control().run(List.of("mkfifo", fifo.toString())).exitCode()).isZero();
    NoLeaks.noLeaks(
        () -> {
          assertThatThrownBy(() -> control(Duration.ofMillis(100)).write("/unbind", "1\n"))
              .isInstanceOf(BlockedException.class)
              .hasMessageMatching(
                  "the kernel is still busy with \"1\" written to /unbind after 0\\.1 s(, in \\w+)?");
          assertThat(Files.readAllBytes(fifo))
              .as("lets the writer go")
              .isEqualTo(new byte[] {'1', '\n'});
        });
  }

  @Test
  void shouldRunAProgramToItsEnd() throws Exception {
    NoLeaks.noLeaks(
        () -> {
          List<String> command = List.of("sh", "-c", "echo no; echo really >&2; exit 3");
          assertThat(control().run(command)).isEqualTo(new HostControl.Outcome(3, "no\nreally"));
          assertThatThrownBy(() -> control(Duration.ofMillis(50)).run(List.of("sleep", "60")))
              .hasMessage("sleep has not ended after 0.05 s");
        });
    assertThatThrownBy(() -> control().run(List.of("no-such-program")))
        .isInstanceOf(BindingException.class)
        .hasMessageStartingWith("cannot run no-such-program");
  }
}
