package javelin.boot.cli;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.BufferedReader;
import java.io.IOException;
import java.net.UnixDomainSocketAddress;
import java.nio.ByteBuffer;
import java.nio.channels.Channels;
import java.nio.channels.SocketChannel;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import javelin.vmm.event.ListenException;
import javelin.vmm.linux.Linux;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** Commands on a control socket, and their answers. */
@Timeout(30)
class ControlSocketTest {
  private static final class Guest implements StopSignals.Target {
    final List<String> done = new ArrayList<>();
    boolean isListening = true;

    @Override
    public boolean pressPowerButton() {
      done.add("power");
      return isListening;
    }

    @Override
    public void stop(String by) {
      done.add("stopped by " + by);
    }
  }

  @TempDir Path folder;
  private final Guest guest = new Guest();
  private String path;
  private ControlSocket control;

  @BeforeEach
  void open() {
    path = folder.resolve("vm.ctl").toString();
    control =
        new ControlSocket(
            Linux.system(),
            path,
            new ControlCommands(guest, Optional.empty(), () -> List.of("exits", "of many kinds")));
  }

  @AfterEach
  void close() {
    control.close();
    assertThat(folder).isEmptyDirectory();
  }

  private SocketChannel connect() throws IOException {
    return SocketChannel.open(UnixDomainSocketAddress.of(path));
  }

  private static void write(SocketChannel socket, String text) throws IOException {
    socket.write(ByteBuffer.wrap(text.getBytes(StandardCharsets.US_ASCII)));
  }

  private static BufferedReader reader(SocketChannel socket) {
    return new BufferedReader(Channels.newReader(socket, StandardCharsets.US_ASCII));
  }

  @Test
  void shouldAnswerCommandsInTurnHoweverTheyAreCut() throws Exception {
    try (SocketChannel first = connect();
        SocketChannel second = connect()) {
      write(first, "sta");
      write(second, "power\nstop\n");
      BufferedReader answers = reader(second);
      assertThat(List.of(answers.readLine(), answers.readLine())).containsExactly("ok", "ok");
      write(first, "ts\r\n");
      answers = reader(first);
      assertThat(List.of(answers.readLine(), answers.readLine(), answers.readLine()))
          .containsExactly("exits", "of many kinds", "ok");
    }
    assertThat(guest.done).containsExactly("power", "stopped by the control socket");
  }

  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      value = {
        "dance | error: \"dance\" is no command; help shows them",
        "'' | error: \"\" is no command; help shows them",
        "stop now | error: too many words for stop",
        "balloon 1M 2M | error: too many words for balloon",
        "balloon 1M | error: the guest has no balloon; run it with --balloon",
        "balloon | error: the guest has no balloon; run it with --balloon",
        "power | error: the guest does not listen to its power button",
      })
  void shouldSayWhyACommandIsRefused(String command, String answer) throws Exception {
    guest.isListening = false;
    try (SocketChannel socket = connect()) {
      write(socket, command + "\n");
      assertThat(reader(socket).readLine()).isEqualTo(answer);
    }
  }

  @Test
  void shouldHangUpOnALineThatDoesNotEndAndOnTooManyClients() throws Exception {
    try (SocketChannel socket = connect()) {
      write(socket, "x".repeat(2000));
      assertThat(hasEnded(socket)).isTrue();
    }
    List<SocketChannel> clients = new ArrayList<>();
    for (int i = 0; i < 16; i++) {
      clients.add(connect());
    }
    try (SocketChannel more = connect()) {
      assertThat(hasEnded(more)).isTrue();
    }
    write(clients.get(15), "help\n");
    assertThat(reader(clients.get(15)).readLine()).startsWith("balloon");
    for (SocketChannel client : clients) {
      client.close();
    }
  }

  private static boolean hasEnded(SocketChannel socket) {
    try {
      return socket.read(ByteBuffer.allocate(1)) < 0;
    } catch (IOException e) {
      return true;
    }
  }

  @Test
  void shouldSayThatThePathIsInUse() {
    ControlCommands none = new ControlCommands(guest, Optional.empty(), List::of);
    assertThatThrownBy(() -> new ControlSocket(Linux.system(), path, none))
        .isInstanceOf(ListenException.class)
        .hasMessageContaining("is in use by another process");
  }

  @Test
  void shouldSendCommandsFromTheCommandLine() {
    assertThat(CommandRun.of("control", path, "stats"))
        .isEqualTo(new CommandRun(0, "exits\nof many kinds\n", ""));
    assertThat(CommandRun.of("control", path, "balloon", "256M"))
        .isEqualTo(
            new CommandRun(
                ExitCode.START_ERROR,
                "",
                "javelin: the guest has no balloon; run it with --balloon\n"));
    assertThat(CommandRun.of("control", path).exitCode()).isEqualTo(ExitCode.USAGE);
    assertThat(CommandRun.of("control", "--help").out()).contains("balloon SIZE");
  }
}
