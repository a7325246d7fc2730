package javelin.devices.console;

import static javelin.devices.console.RecordingPort.send;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.nio.file.Files;
import java.nio.file.Path;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

@Timeout(60)
class FileBackendTest extends BackendTestSupport {
  @Test
  void shouldHoldAllOutputWhenClosed() throws Exception {
    Path file = Files.writeString(folder.resolve("log"), "of an earlier run, longer than this");
    String text = "line\r\n".repeat(5000);
    try (FileBackend backend = new FileBackend(loop, file.toString(), errors::add)) {
      backend.attach(port);
      for (int i = 0; i < text.length(); i++) {
        if (!backend.write(text.charAt(i))) {
          int calls = port.writableCalls();
          assertThat(port.await(() -> port.writableCalls() > calls)).isTrue();
        }
      }
    }
    assertThat(Files.readString(file)).isEqualTo(text);
    assertThat(errors).isEmpty();
  }

  @Test
  void shouldReportOnceAndGoOnWhenTheDiskIsFull() throws Exception {
    try (FileBackend backend = new FileBackend(loop, "/dev/full", errors::add)) {
      backend.attach(port);
      send(backend, "lost");
      assertThat(port.await(() -> !errors.isEmpty())).isTrue();
      for (int i = 0; i < 2 * OutputQueue.CAPACITY; i++) {
        assertThat(backend.write('x')).isTrue();
      }
    }
    assertThat(errors)
        .containsExactly(
            "serial log file /dev/full: writing failed: ENOSPC (no space left on the device);"
                + " the guest goes on, what it prints from here on is not logged");
  }

  @Test
  void shouldNameThePathAndTheCauseWhenItCannotBeOpened() {
    String path = folder.resolve("missing/log").toString();
    assertThatThrownBy(() -> new FileBackend(loop, path, errors::add))
        .isInstanceOf(BackendException.class)
        .hasMessage(
            "serial log file " + path + " cannot be opened: ENOENT (no such file or directory)");
  }
}
