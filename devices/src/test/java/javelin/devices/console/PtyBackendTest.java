package javelin.devices.console;

import static javelin.devices.console.RecordingPort.send;
import static org.assertj.core.api.Assertions.assertThat;

import javelin.vmm.linux.Fd;
import javelin.vmm.linux.Linux;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

@Timeout(60)
class PtyBackendTest extends BackendTestSupport {
  private Fd client(PtyBackend backend) {
    return linux.open(backend.name(), Linux.O_RDWR | Linux.O_NONBLOCK | Linux.O_NOCTTY);
  }

  @Test
  void shouldServeClientsThatComeAndGo() throws Exception {
    try (PtyBackend backend = new PtyBackend(loop)) {
      backend.attach(port);
      assertThat(backend.name()).matches("/dev/pts/\\d+");
      send(backend, "boot\r\n");
      try (Fd client = client(backend)) {
        assertThat(read(client, 6)).isEqualTo("boot\r\n");
        write(client, "one");
        assertThat(port.awaitReceived("one")).isTrue();
      }
      Thread.sleep(50);
      send(backend, "meanwhile");
      try (Fd client = client(backend)) {
        assertThat(read(client, 9)).isEqualTo("meanwhile");
        write(client, "\r\u0003two");
        assertThat(port.awaitReceived("one\r\u0003two")).isTrue();
      }
    }
  }

  @Test
  void shouldKeepTheNewestOutputAndLetTheGuestGoOnWhenNobodyReads() throws Exception {
    try (PtyBackend backend = new PtyBackend(loop)) {
      backend.attach(port);
      int total = 3 * OutputQueue.CAPACITY;
      for (int i = 0; i < total; i++) {
        assertThat(backend.write('a' + i % 23)).isTrue();
      }
      try (Fd client = client(backend)) {
        String text = read(client, OutputQueue.CAPACITY);
        assertThat(text).hasSize(OutputQueue.CAPACITY);
        assertThat(text.charAt(0)).isEqualTo((char) ('a' + (total - text.length()) % 23));
        assertThat(text.charAt(text.length() - 1)).isEqualTo((char) ('a' + (total - 1) % 23));
      }
    }
  }

  @Test
  void shouldDeliverTheRestWhenAClientLeavesBeforeTheGuestReads() throws Exception {
    try (PtyBackend backend = new PtyBackend(loop)) {
      port.room(0);
      backend.attach(port);
      try (Fd client = client(backend)) {
        write(client, "late");
        Thread.sleep(250);
      }
      port.room(100);
      backend.inputWanted();
      assertThat(port.awaitReceived("late")).isTrue();
    }
  }
}
