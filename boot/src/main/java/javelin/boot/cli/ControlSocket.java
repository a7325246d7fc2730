package javelin.boot.cli;

import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;
import javelin.vmm.event.EventLoop;
import javelin.vmm.event.UnixListener;
import javelin.vmm.linux.Errno;
import javelin.vmm.linux.Fd;
import javelin.vmm.linux.Linux;
import javelin.vmm.linux.NativeMemory;
import javelin.vmm.linux.Resources;
import javelin.vmm.linux.Syscalls;
import org.agrona.concurrent.UnsafeBuffer;

/**
 * A Unix socket that takes commands for a running guest, a line each, and answers each with lines
 * of which the last one is {@code ok}, or starts with {@code error: }.
 *
 * <p>All of it runs on an event loop of its own.
 */
final class ControlSocket implements AutoCloseable {
  static final String OK = "ok";
  static final String ERROR = "error: ";

  private static final int MOST_CLIENTS = 16;
  private static final int LONGEST_LINE = 1024;

  /** What a command does. */
  interface Commands {
    /**
     * Carries out a command.
     *
     * @param words of its line, the command first
     * @return what is answered, a line each
     * @throws IllegalArgumentException whose message says why it is refused
     */
    List<String> run(List<String> words);
  }

  private final Resources owned = new Resources();
  private final EventLoop loop;
  private final Syscalls syscalls;
  private final Commands commands;

  /** The loop's own. */
  private final List<Client> clients = new ArrayList<>();

  private final UnsafeBuffer input = NativeMemory.allocate(LONGEST_LINE);

  /**
   * Listens at {@code path}.
   *
   * @throws javelin.vmm.event.ListenException where that cannot be
   */
  ControlSocket(Linux linux, String path, Commands commands) {
    this.commands = commands;
    syscalls = linux.syscalls();
    loop = owned.own(new EventLoop(linux, "control"));
    try {
      owned.own(new UnixListener(loop, path, this::connected));
    } catch (RuntimeException e) {
      owned.closeAfter(e);
      throw e;
    }
  }

  private void connected(Fd fd) {
    if (clients.size() == MOST_CLIENTS) {
      fd.close();
      return;
    }
    clients.add(new Client(fd));
  }

  /** One connection. */
  private final class Client {
    private final Fd fd;
    private final EventLoop.Watch watch;
    private final StringBuilder line = new StringBuilder();

    Client(Fd fd) {
      this.fd = fd;
      watch = loop.watch(fd, EventLoop.READABLE, events -> ready());
    }

    private void ready() {
      long read = syscalls.read(fd.number(), input.addressOffset(), LONGEST_LINE);
      if (Errno.EAGAIN.is(read) || Errno.EINTR.is(read)) {
        return;
      }
      boolean isOpen = read > 0;
      for (int i = 0; i < read && isOpen; i++) {
        char next = (char) (input.getByte(i) & 0xff);
        if (next == '\n') {
          isOpen = answer(line.toString());
          line.setLength(0);
        } else {
          line.append(next);
          isOpen = line.length() <= LONGEST_LINE;
        }
      }
      if (!isOpen) {
        close();
        clients.remove(this);
      }
    }

    /** Returns whether the client has taken the answer; one that does not read is dropped. */
    private boolean answer(String text) {
      List<String> words = List.of(text.strip().split("\\s+"));
      List<String> lines = new ArrayList<>();
      try {
        lines.addAll(commands.run(words));
        lines.add(OK);
      } catch (IllegalArgumentException e) {
        lines.add(ERROR + e.getMessage());
      }
      byte[] answer = (String.join("\n", lines) + "\n").getBytes(StandardCharsets.UTF_8);
      UnsafeBuffer output = NativeMemory.allocate(answer.length);
      output.putBytes(0, answer);
      return syscalls.write(fd.number(), output.addressOffset(), answer.length) == answer.length;
    }

    private void close() {
      watch.close();
      fd.close();
    }
  }

  /** Listens no longer, and hangs up. */
  @Override
  public void close() {
    owned.close(); // The loop last: its thread has ended then.
    clients.forEach(Client::close);
  }
}
