package javelin.devices.console;

import static javelin.devices.console.RecordingPort.send;
import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.SplittableRandom;
import javelin.vmm.linux.Fd;
import javelin.vmm.linux.Linux;
import javelin.vmm.linux.NativeMemory;
import org.agrona.concurrent.UnsafeBuffer;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

@Timeout(60)
class StdioBackendTest extends BackendTestSupport {
  private static final long TIOCSWINSZ = 0x5414;
  private static final int NON_BLOCKING = Linux.O_RDWR | Linux.O_NONBLOCK | Linux.O_NOCTTY;

  private StdioBackend open(Fd input, Fd output, InputFilter filter) {
    StdioBackend backend =
        new StdioBackend(loop, input.number(), output.number(), filter, errors::add);
    backend.attach(port);
    return backend;
  }

  private Fd fifo(String name) throws IOException, InterruptedException {
    Path path = folder.resolve(name);
    assertThat(new ProcessBuilder("mkfifo", path.toString()).start().waitFor()).isZero();
    return linux.open(path.toString(), Linux.O_RDWR);
  }

  @Test
  void shouldReadAllOfAFileWhenTheGuestTakesItSlowly() throws Exception {
    String text = "0123456789".repeat(1000);
    Path input = Files.writeString(folder.resolve("input"), text);
    port.room(3);
    try (Fd in = linux.open(input.toString(), Linux.O_RDONLY);
        Fd out = linux.open("/dev/null", Linux.O_WRONLY);
        StdioBackend backend = open(in, out, null)) {
      assertThat(port.awaitReceived(text.substring(0, 3))).isTrue();
      for (int i = 3; i < text.length(); i += 1009) {
        int upTo = Math.min(text.length(), i + 1009);
        port.room(upTo - i);
        backend.inputWanted();
        assertThat(port.awaitReceived(text.substring(0, upTo))).isTrue();
      }
    }
    assertThat(errors).isEmpty();
  }

  @Test
  void shouldGoOnWhenThereIsNoInput() throws Exception {
    Path output = Files.writeString(folder.resolve("output"), "before\n");
    try (Fd in = linux.open("/dev/null", Linux.O_RDONLY);
        Fd out = linux.open(output.toString(), Linux.O_WRONLY | Linux.O_APPEND)) {
      try (StdioBackend backend = open(in, out, null)) {
        send(backend, "hello\n");
      }
    }
    assertThat(output).hasContent("before\nhello\n");
    assertThat(errors).isEmpty();
  }

  @Test
  void shouldHoldTheGuestUpAndLoseNothingWhenThePipeIsSlow() throws Exception {
    try (Fd in = fifo("in");
        Fd out = fifo("out")) {
      StringBuilder sent = new StringBuilder();
      try (StdioBackend backend = open(in, out, null)) {
        boolean room = true;
        while (room) {
          char next = (char) ('a' + sent.length() % 26);
          sent.append(next);
          room = backend.write(next);
          assertThat(sent.length()).isLessThan(1_000_000);
        }
        assertThat(sent.length()).isGreaterThan(OutputQueue.CAPACITY - 100);
        String first = read(out, sent.length() - 1000);
        assertThat(port.await(() -> port.writableCalls() == 1)).isTrue();
        assertThat(first + read(out, 1000)).isEqualTo(sent.toString());
        write(in, "typed");
        assertThat(port.awaitReceived("typed")).isTrue();
      }
    }
  }

  @Test
  void shouldUseATerminalThroughADescriptionOfItsOwn() throws Exception {
    try (Fd master = linux.open("/dev/ptmx", NON_BLOCKING)) {
      String name = "/dev/pts/" + Tty.unlockPty(master);
      Tty.makeRaw(master);
      try (Fd terminal = linux.open(name, Linux.O_RDWR | Linux.O_NOCTTY);
          StdioBackend backend =
              open(terminal, terminal, value -> value == 'x' ? InputFilter.SWALLOW : value)) {
        send(backend, "login: ");
        assertThat(read(master, 7)).isEqualTo("login: ");
        write(master, "rxoxxot");
        assertThat(port.awaitReceived("root")).isTrue();
        port.room(0);
        for (int i = 0; i < 20; i++) {
          write(master, "y".repeat(512));
        }
        write(master, "x");
        send(backend, "still here");
        assertThat(read(master, 10)).isEqualTo("still here");
      }
    }
  }

  @Test
  void shouldReportOnceAndGoOnWhenOutputFails() throws Exception {
    try (Fd in = linux.open("/dev/null", Linux.O_RDONLY);
        Fd out = linux.open("/dev/full", Linux.O_WRONLY);
        StdioBackend backend = open(in, out, null)) {
      send(backend, "lost");
      assertThat(port.await(() -> !errors.isEmpty())).isTrue();
      for (int i = 0; i < 2 * OutputQueue.CAPACITY; i++) {
        assertThat(backend.write('x')).isTrue();
      }
    }
    assertThat(errors).hasSize(1);
    assertThat(errors.get(0)).contains("standard output", "ENOSPC", "the guest goes on");
  }

  @Test
  void shouldGoOnWhenItsDescriptorsAreClosed() throws Exception {
    int closed = 9999;
    Path output = folder.resolve("output");
    try (Fd out = linux.open(output.toString(), Linux.O_WRONLY | Linux.O_CREAT, 0600)) {
      try (StdioBackend backend = new StdioBackend(loop, closed, out.number(), null, errors::add)) {
        backend.attach(port);
        send(backend, "heard");
      }
    }
    assertThat(output).hasContent("heard");
    assertThat(errors).isEmpty();
    try (StdioBackend backend = new StdioBackend(loop, closed, closed, null, errors::add)) {
      backend.attach(port);
      send(backend, "unheard");
      assertThat(port.await(() -> !errors.isEmpty())).isTrue();
    }
    assertThat(errors).hasSize(1);
    assertThat(errors.get(0)).contains("EBADF");
  }

  @Test
  void shouldKnowTheSizeOfATerminalAndOfNothingElse() throws Exception {
    UnsafeBuffer size = NativeMemory.allocate(8);
    size.putShort(0, (short) 50);
    size.putShort(2, (short) 132);
    try (Fd master = linux.open("/dev/ptmx", NON_BLOCKING)) {
      String name = "/dev/pts/" + Tty.unlockPty(master);
      master.ioctl("TIOCSWINSZ", TIOCSWINSZ, size.addressOffset());
      try (Fd terminal = linux.open(name, Linux.O_RDWR | Linux.O_NOCTTY);
          StdioBackend backend = open(terminal, terminal, null)) {
        assertThat(backend.terminalSize()).isEqualTo(new TerminalSize(132, 50));
      }
    }
    try (Fd none = linux.open("/dev/null", Linux.O_RDWR);
        StdioBackend backend = open(none, none, null)) {
      assertThat(backend.terminalSize()).isSameAs(TerminalSize.UNKNOWN);
    }
  }

  @Test
  void shouldTakeWhatThereIsRoomForWhenManyBytesComeAtOnce() throws Exception {
    byte[] bytes = new byte[300_000];
    new SplittableRandom(7).nextBytes(bytes);
    UnsafeBuffer buffer = new UnsafeBuffer(bytes);
    try (Fd in = linux.open("/dev/null", Linux.O_RDONLY);
        Fd out = fifo("bulk")) {
      try (StdioBackend backend = open(in, out, null)) {
        send(backend, "#");
        assertThat(read(out, 1)).as("it is connected, and holds nothing back").isEqualTo("#");
        StringBuilder got = new StringBuilder();
        int sent = 0;
        while (sent < bytes.length) {
          int writable = port.writableCalls();
          int taken = backend.write(buffer, sent, bytes.length - sent);
          sent += taken;
          while (got.length() < sent && sent < bytes.length) {
            got.append(read(out, Math.min(1000, sent - got.length())));
          }
          if (taken == 0) {
            assertThat(port.await(() -> port.writableCalls() > writable)).isTrue();
          }
        }
        got.append(read(out, sent - got.length()));
        assertThat(got.toString()).isEqualTo(new String(bytes, StandardCharsets.ISO_8859_1));
        assertThat(port.writableCalls()).isPositive();
      }
    }
  }
}
