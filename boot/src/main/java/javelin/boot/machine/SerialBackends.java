package javelin.boot.machine;

import java.util.function.Consumer;
import javelin.devices.console.FileBackend;
import javelin.devices.console.InputFilter;
import javelin.devices.console.NullBackend;
import javelin.devices.console.PtyBackend;
import javelin.devices.console.SerialBackend;
import javelin.devices.console.SocketBackend;
import javelin.devices.console.StdioBackend;
import javelin.vmm.event.EventLoop;

/** Opens what a serial port, a virtio console or a port is configured to talk to. */
public final class SerialBackends {
  private SerialBackends() {}

  /**
   * Opens it.
   *
   * @param user what talks to it, such as {@code "serial console"}
   * @param keys sees what is typed on standard input first; null for none
   * @param messages hears what the user should know: where to connect, that output fails
   */
  public static SerialBackend open(
      String user, SerialSpec spec, EventLoop loop, InputFilter keys, Consumer<String> messages) {
    return switch (spec.kind()) {
      case STDIO -> new StdioBackend(loop, keys, messages);
      case FILE -> new FileBackend(loop, spec.path().toString(), messages);
      case SOCKET -> new SocketBackend(loop, spec.path().toString());
      case NULL -> new NullBackend();
      case PTY -> {
        PtyBackend pty = new PtyBackend(loop);
        messages.accept(user + ": " + pty.name());
        yield pty;
      }
    };
  }
}
