package javelin.devices.console;

import java.util.function.Consumer;
import javelin.vmm.event.EventLoop;
import javelin.vmm.linux.Errno;
import javelin.vmm.linux.ErrnoException;
import javelin.vmm.linux.Fd;
import javelin.vmm.linux.Linux;

/**
 * A file that output is written to, from its start; no input.
 *
 * <p>Where a write fails, above all with the disk full, that is reported once; the guest goes on,
 * the rest of its output is lost, and the file keeps what it has.
 */
public final class FileBackend extends DescriptorBackend {
  private static final int MODE = 0644;

  private final String path;
  private final Consumer<String> errors;
  private final Fd file;

  /**
   * Creates the file, or empties it.
   *
   * @param errors hears once, on the loop's thread, that writing fails and why
   * @throws BackendException where it cannot be opened for writing
   */
  public FileBackend(EventLoop loop, String path, Consumer<String> errors) {
    super(loop, null, false);
    this.path = path;
    this.errors = errors;
    int flags = Linux.O_WRONLY | Linux.O_CREAT | Linux.O_TRUNC | Linux.O_NOCTTY | Linux.O_NONBLOCK;
    try {
      file = loop.linux().open(path, flags, MODE);
    } catch (ErrnoException e) {
      pump().close();
      throw new BackendException(
          "serial log file " + path + " cannot be opened: " + Errno.describe(e.errno()), e);
    }
    loop.execute(() -> pump().connect(null, file, true));
  }

  @Override
  public void inputEnded(int errno) {}

  @Override
  public void outputFailed(int errno) {
    pump().discardOutput();
    errors.accept(
        "serial log file "
            + path
            + ": writing failed: "
            + Errno.describe(errno)
            + "; the guest goes on, what it prints from here on is not logged");
  }

  @Override
  public void close() {
    pump().close(file::close);
  }
}
