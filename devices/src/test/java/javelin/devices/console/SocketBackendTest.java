package javelin.devices.console;

import static javelin.devices.console.RecordingPort.send;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.IOException;
import java.net.StandardProtocolFamily;
import java.net.UnixDomainSocketAddress;
import java.nio.ByteBuffer;
import java.nio.channels.ServerSocketChannel;
import java.nio.channels.SocketChannel;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

@Timeout(60)
class SocketBackendTest extends BackendTestSupport {
  private Path path;

  /** The JDK keeps a socket of its own from the first channel that it closes. */
  @BeforeAll
  static void useChannels(@TempDir Path other) throws IOException {
    UnixDomainSocketAddress address = UnixDomainSocketAddress.of(other.resolve("warm-up"));
    try (ServerSocketChannel server = ServerSocketChannel.open(StandardProtocolFamily.UNIX)) {
      server.bind(address);
      SocketChannel.open(address).close();
    }
  }

  @BeforeEach
  void choosePath() {
    path = folder.resolve("console.sock");
  }

  private SocketBackend open() {
    SocketBackend backend = new SocketBackend(loop, path.toString());
    backend.attach(port);
    return backend;
  }

  private SocketChannel connect() throws IOException {
    return SocketChannel.open(UnixDomainSocketAddress.of(path));
  }

  private static String read(SocketChannel channel, int length) throws IOException {
    ByteBuffer buffer = ByteBuffer.allocate(length);
    while (buffer.hasRemaining() && channel.read(buffer) >= 0) {
      // Read on.
    }
    return new String(buffer.array(), 0, buffer.position(), StandardCharsets.ISO_8859_1);
  }

  private static void write(SocketChannel channel, String text) throws IOException {
    ByteBuffer bytes = ByteBuffer.wrap(text.getBytes(StandardCharsets.ISO_8859_1));
    while (bytes.hasRemaining()) {
      channel.write(bytes);
    }
  }

  @Test
  void shouldServeClientsThatComeAndGo() throws Exception {
    try (SocketBackend backend = open()) {
      send(backend, "boot\r\n");
      try (SocketChannel client = connect()) {
        assertThat(read(client, 6)).isEqualTo("boot\r\n");
        write(client, "one");
        assertThat(port.awaitReceived("one")).isTrue();
      }
      try (SocketChannel client = connectWhenFree()) {
        send(backend, "again");
        assertThat(read(client, 5)).isEqualTo("again");
        write(client, "two");
        assertThat(port.awaitReceived("onetwo")).isTrue();
      }
    }
  }

  /** The loop may hear of the new client in the same round in which the old one hangs up. */
  private SocketChannel connectWhenFree() throws Exception {
    Thread.sleep(100);
    return connect();
  }

  @Test
  void shouldTurnASecondClientAway() throws Exception {
    try (SocketBackend backend = open();
        SocketChannel first = connect()) {
      send(backend, "x");
      assertThat(read(first, 1)).isEqualTo("x");
      try (SocketChannel second = connect()) {
        assertThat(read(second, 1000))
            .isEqualTo("Another client is connected to this console.\r\n");
      }
      send(backend, "y");
      assertThat(read(first, 1)).isEqualTo("y");
    }
  }

  @Test
  void shouldDeliverAllOfALongInputWhenItsClientHasLeft() throws Exception {
    String text = "0123456789".repeat(1500);
    port.room(0);
    try (SocketBackend backend = open()) {
      try (SocketChannel client = connect()) {
        write(client, text);
      }
      for (int i = 0; i < text.length(); i += 100) {
        port.room(100);
        backend.inputWanted();
        assertThat(port.awaitReceived(text.substring(0, i + 100))).isTrue();
      }
    }
  }

  @Test
  void shouldTakeANewClientWhenTheOldOneLeftInputThatNobodyReads() throws Exception {
    port.room(0);
    try (SocketBackend backend = open()) {
      try (SocketChannel client = connect()) {
        write(client, "x".repeat(10_000));
        Thread.sleep(100);
      }
      Thread.sleep(100);
      try (SocketChannel client = connect()) {
        send(backend, "hello");
        assertThat(read(client, 5)).isEqualTo("hello");
      }
    }
  }

  @Test
  void shouldHoldTheGuestUpAndLoseNothingWhenTheClientIsSlow() throws Exception {
    try (SocketBackend backend = open();
        SocketChannel client = connect()) {
      send(backend, "!");
      assertThat(read(client, 1)).isEqualTo("!");
      int sent = 0;
      while (backend.write('a' + sent % 23)) {
        sent++;
        assertThat(sent).isLessThan(10_000_000);
      }
      sent++;
      String text = read(client, sent);
      assertThat(port.await(() -> port.writableCalls() == 1)).isTrue();
      for (int i = 0; i < sent; i++) {
        assertThat(text.charAt(i)).isEqualTo((char) ('a' + i % 23));
      }
    }
  }

  @Test
  void shouldRefuseWhenTheAddressIsInUse() throws Exception {
    try (SocketBackend backend = open()) {
      assertThatThrownBy(() -> new SocketBackend(loop, path.toString()))
          .isInstanceOf(BackendException.class)
          .hasMessage(
              "serial socket "
                  + path
                  + " is in use by another process; choose another path, or end that process");
      send(backend, "alive");
    }
    assertThat(path).doesNotExist();
  }

  @Test
  void shouldReplaceTheSocketOfADeadProcess() throws Exception {
    ServerSocketChannel dead = ServerSocketChannel.open(StandardProtocolFamily.UNIX);
    dead.bind(UnixDomainSocketAddress.of(path));
    dead.close();
    assertThat(path).exists();
    try (SocketBackend backend = open();
        SocketChannel client = connect()) {
      send(backend, "new");
      assertThat(read(client, 3)).isEqualTo("new");
    }
    assertThat(path).doesNotExist();
  }

  @Test
  void shouldLeaveAFileThatIsNoSocket() throws Exception {
    Files.writeString(path, "precious");
    assertThatThrownBy(() -> new SocketBackend(loop, path.toString()))
        .isInstanceOf(BackendException.class)
        .hasMessageContaining("no socket");
    assertThat(path).hasContent("precious");
  }

  @Test
  void shouldLeaveTheSocketOfASuccessorAtClose() throws Exception {
    SocketBackend first = open();
    Files.delete(path);
    try (SocketBackend second = new SocketBackend(loop, path.toString())) {
      first.close();
      assertThat(path).exists();
      second.attach(port);
    }
    assertThat(path).doesNotExist();
  }

  @Test
  void shouldNameTheLimitWhenThePathIsTooLong() {
    assertThatThrownBy(() -> new SocketBackend(loop, "/tmp/" + "x".repeat(103)))
        .isInstanceOf(BackendException.class)
        .hasMessageEndingWith("the path must have 1 to 107 bytes, it has 108");
  }
}
