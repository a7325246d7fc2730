package javelin.boot.machine;

import java.io.File;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.concurrent.TimeUnit;
import java.util.function.Function;
import java.util.stream.Stream;
import javelin.vmm.linux.ErrnoException;

/**
 * A program of the host's that serves a device of the guest's through a Unix socket of its own,
 * such as passt or virtiofsd. It is to end when the connection does, and is ended at close.
 *
 * @param <T> the connection to it
 */
final class HelperProcess<T> implements AutoCloseable {
  private static final long START_MILLIS = 5_000;
  private static final long POLL_MILLIS = 10;
  private static final long END_MILLIS = 2_000;

  private final Process process;
  private final T connection;

  private HelperProcess(Process process, T connection) {
    this.process = process;
    this.connection = connection;
  }

  /** A program that cannot be had: the message says which and why. */
  static final class HelperException extends RuntimeException {
    private static final long serialVersionUID = 1;

    HelperException(String message) {
      super(message);
    }
  }

  /** How a program is started. */
  interface Command {
    /** The program and its arguments: it stays in the foreground and listens at {@code socket}. */
    List<String> listeningAt(String socket);
  }

  /**
   * Starts a program and connects to it.
   *
   * @param name what it is called in messages
   * @param owner the user that it becomes before it makes its socket, where root starts it; null
   *     for one that stays
   * @param hint how to install it
   * @param connect connects to the path that it gets; an ErrnoException means not yet
   * @throws HelperException where it is not installed, or does not come up
   */
  static <T> HelperProcess<T> start(
      String name, String owner, String hint, Command command, Function<String, T> connect) {
    Path folder = null;
    Process process = null;
    try {
      // What the program has to say comes up in the error, so standard error is a file.
      folder = makeFolder(name, owner);
      Path log = folder.resolve("log");
      Path socket = folder.resolve("socket");
      process = launch(command.listeningAt(socket.toString()), hint, log);
      return new HelperProcess<>(process, connect(name, process, socket, log, connect));
    } catch (IOException e) {
      throw new HelperException("no folder for " + name + "'s socket: " + e.getMessage());
    } catch (RuntimeException e) {
      end(process);
      throw e;
    } finally {
      // Connected, neither of the two needs the file any more.
      delete(folder);
    }
  }

  private static Path makeFolder(String name, String owner) throws IOException {
    Path folder = Files.createTempDirectory("javelin-" + name);
    if (owner != null && Files.getOwner(folder).getName().equals("root")) {
      Files.setOwner(
          folder,
          folder.getFileSystem().getUserPrincipalLookupService().lookupPrincipalByName(owner));
    }
    return folder;
  }

  private static Process launch(List<String> command, String hint, Path log) {
    try {
      return new ProcessBuilder(command)
          .redirectInput(new File("/dev/null"))
          .redirectOutput(ProcessBuilder.Redirect.DISCARD)
          .redirectError(log.toFile())
          .start();
    } catch (IOException e) {
      throw new HelperException("there is no program " + command.get(0) + " here; " + hint);
    }
  }

  private static <T> T connect(
      String name, Process process, Path socket, Path log, Function<String, T> connect) {
    long deadline = System.nanoTime() + TimeUnit.MILLISECONDS.toNanos(START_MILLIS);
    while (true) {
      boolean isLast = !process.isAlive() || System.nanoTime() > deadline;
      try {
        return connect.apply(socket.toString());
      } catch (ErrnoException e) {
        if (isLast) {
          throw new HelperException(problem(name, process, log));
        }
      }
      try {
        process.waitFor(POLL_MILLIS, TimeUnit.MILLISECONDS);
      } catch (InterruptedException e) {
        Thread.currentThread().interrupt();
        throw new HelperException("interrupted while " + name + " was starting");
      }
    }
  }

  private static String problem(String name, Process process, Path log) {
    String said = "";
    try {
      List<String> lines = Files.readAllLines(log);
      said = lines.isEmpty() ? "" : ": " + lines.get(lines.size() - 1);
    } catch (IOException e) {
      // Then there is nothing to add.
    }
    return process.isAlive()
        ? name + " has opened no socket in " + START_MILLIS / 1000 + " s" + said
        : name + " ended with code " + process.exitValue() + said;
  }

  private static void end(Process process) {
    if (process == null) {
      return;
    }
    process.destroy();
    try {
      if (!process.waitFor(END_MILLIS, TimeUnit.MILLISECONDS)) {
        process.destroyForcibly();
      }
    } catch (InterruptedException e) {
      process.destroyForcibly();
      Thread.currentThread().interrupt();
    }
  }

  private static void delete(Path folder) {
    if (folder == null) {
      return;
    }
    try {
      for (Path file : list(folder)) {
        Files.deleteIfExists(file);
      }
      Files.delete(folder);
    } catch (IOException e) {
      // A file in the folder for temporary ones stays; that hurts nobody.
    }
  }

  private static List<Path> list(Path folder) throws IOException {
    try (Stream<Path> files = Files.list(folder)) {
      return files.toList();
    }
  }

  /** The connection; the caller closes it, before this. */
  T connection() {
    return connection;
  }

  /** Whether the program is running. */
  boolean isAlive() {
    return process.isAlive();
  }

  /** Ends the program, where it has not ended with the connection. */
  @Override
  public void close() {
    end(process);
  }
}
