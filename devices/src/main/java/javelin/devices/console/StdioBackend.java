package javelin.devices.console;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.function.Consumer;
import javelin.vmm.event.EventLoop;
import javelin.vmm.linux.Errno;
import javelin.vmm.linux.ErrnoException;
import javelin.vmm.linux.Fd;
import javelin.vmm.linux.Linux;
import org.agrona.CloseHelper;

/**
 * Javelin's own standard input and output, whatever they are: a terminal, pipes, files, /dev/null.
 *
 * <p>They are shared with other processes, so O_NONBLOCK is never set on them. A terminal or a pipe
 * is opened once more through /proc/self/fd, which makes a description of Javelin's own that is
 * non-blocking; where that is refused, and for sockets, small writes follow a poll.
 *
 * <p>The terminal's mode is the caller's business. What is typed beyond 4 KiB while the guest takes
 * nothing is lost, as in a terminal; a pipe or file waits. The end of input is no error: the guest
 * hears nothing more. Where output fails, that is reported once and the guest goes on unheard.
 */
public final class StdioBackend extends DescriptorBackend {
  private static final int STDIN = 0;
  private static final int STDOUT = 1;

  private final Linux linux;
  private final Consumer<String> errors;
  private final Stream input;
  private final Stream output;

  /** A standard descriptor, or Javelin's own non-blocking one of the same file. */
  private record Stream(Fd fd, boolean own) {
    void close() {
      if (own) {
        fd.close();
      }
    }
  }

  /**
   * Descriptors 0 and 1.
   *
   * @param filter sees all input first; null for none
   * @param errors hears once, on the loop's thread, that output fails and why
   */
  public StdioBackend(EventLoop loop, InputFilter filter, Consumer<String> errors) {
    this(loop, STDIN, STDOUT, filter, errors);
  }

  /** As above, on other descriptors, which stay open. */
  StdioBackend(EventLoop loop, int input, int output, InputFilter filter, Consumer<String> errors) {
    super(loop, filter, Tty.isTerminal(loop.linux().syscalls(), input));
    this.errors = errors;
    linux = loop.linux();
    this.input = open(linux, input, "standard input", Linux.O_RDONLY);
    this.output = open(linux, output, "standard output", Linux.O_WRONLY);
    loop.execute(() -> pump().connect(this.input.fd, this.output.fd, this.output.own));
  }

  private static Stream open(Linux linux, int number, String subject, int access) {
    Path link = Path.of("/proc/self/fd/" + number);
    if (isPipe(link) || Tty.isTerminal(linux.syscalls(), number)) {
      try {
        int flags = access | Linux.O_NONBLOCK | Linux.O_NOCTTY;
        return new Stream(linux.open(link.toString(), flags), true);
      } catch (ErrnoException e) {
        // Another user's terminal, or no /proc: the shared descriptor has to do.
      }
    }
    return new Stream(linux.own(number, "", subject), false);
  }

  private static boolean isPipe(Path link) {
    try {
      return Files.readSymbolicLink(link).toString().startsWith("pipe:");
    } catch (IOException e) {
      return false;
    }
  }

  @Override
  public TerminalSize terminalSize() {
    return Tty.size(linux.syscalls(), output.fd.number());
  }

  @Override
  public void inputEnded(int errno) {
    pump().endInput();
  }

  @Override
  public void outputFailed(int errno) {
    pump().discardOutput();
    errors.accept(
        "serial console: writing to standard output failed: "
            + Errno.describe(errno)
            + "; the guest goes on without it");
  }

  @Override
  public void close() {
    pump().close(() -> CloseHelper.closeAll(output::close, input::close));
  }
}
