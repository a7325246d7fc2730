package javelin.boot.machine;

import java.io.File;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.concurrent.TimeUnit;
import javelin.devices.virtio.net.NetBackend;
import javelin.devices.virtio.net.NetSink;
import javelin.devices.virtio.net.NetSource;
import javelin.devices.virtio.net.StreamBackend;
import javelin.vmm.linux.ErrnoException;
import javelin.vmm.linux.Linux;

/**
 * A passt(1) process of a device's own, with the connection to it: a network of the host's sockets,
 * which needs no privilege. passt ends when the connection does, whichever way Javelin ends.
 */
final class PasstProcess implements NetBackend {
  private static final String PROGRAM = "passt";
  private static final long START_MILLIS = 5_000;
  private static final long POLL_MILLIS = 10;
  private static final long END_MILLIS = 2_000;

  private final Process process;
  private final StreamBackend stream;

  private PasstProcess(Process process, StreamBackend stream) {
    this.process = process;
    this.stream = stream;
  }

  /**
   * Starts passt.
   *
   * @throws ConfigException where it is not installed, or does not come up
   */
  static PasstProcess start(Linux linux, NetSpec spec) {
    return start(linux, spec, PROGRAM);
  }

  /** Starts {@code program}, which takes passt's options. */
  static PasstProcess start(Linux linux, NetSpec spec, String program) {
    Path folder = null;
    Process process = null;
    try {
      // What passt has to say comes up in the error, so standard error is a file.
      folder = makeFolder();
      Path log = folder.resolve("log");
      Path socket = folder.resolve("socket");
      process = launch(program, socket, log);
      StreamBackend stream = connect(linux, spec, process, socket, log);
      return new PasstProcess(process, stream);
    } catch (IOException e) {
      throw NetBackends.refused(spec, "no folder for passt's socket: " + e.getMessage());
    } catch (MissingProgram e) {
      throw NetBackends.refused(
          spec, "there is no program " + program + " here; `apt install passt` installs it");
    } catch (RuntimeException e) {
      end(process);
      throw e;
    } finally {
      // Connected, neither of the two needs the file any more.
      delete(folder);
    }
  }

  /** Started by root, passt becomes nobody before it makes its socket. */
  private static Path makeFolder() throws IOException {
    Path folder = Files.createTempDirectory("javelin-passt");
    if (Files.getOwner(folder).getName().equals("root")) {
      Files.setOwner(
          folder,
          folder.getFileSystem().getUserPrincipalLookupService().lookupPrincipalByName("nobody"));
    }
    return folder;
  }

  private static final class MissingProgram extends RuntimeException {
    private static final long serialVersionUID = 1;

    MissingProgram(IOException cause) {
      super(cause);
    }
  }

  private static Process launch(String program, Path socket, Path log) {
    try {
      return new ProcessBuilder(
              program, "--foreground", "--one-off", "--stderr", "--socket", socket.toString())
          .redirectInput(new File("/dev/null"))
          .redirectOutput(ProcessBuilder.Redirect.DISCARD)
          .redirectError(log.toFile())
          .start();
    } catch (IOException e) {
      throw new MissingProgram(e);
    }
  }

  private static StreamBackend connect(
      Linux linux, NetSpec spec, Process process, Path socket, Path log) {
    long deadline = System.nanoTime() + TimeUnit.MILLISECONDS.toNanos(START_MILLIS);
    while (true) {
      boolean isLast = !process.isAlive() || System.nanoTime() > deadline;
      try {
        return StreamBackend.connect(linux, socket.toString());
      } catch (ErrnoException e) {
        if (isLast) {
          throw NetBackends.refused(spec, problem(process, log));
        }
      }
      try {
        process.waitFor(POLL_MILLIS, TimeUnit.MILLISECONDS);
      } catch (InterruptedException e) {
        Thread.currentThread().interrupt();
        throw NetBackends.refused(spec, "interrupted while passt was starting");
      }
    }
  }

  private static String problem(Process process, Path log) {
    String said = "";
    try {
      List<String> lines = Files.readAllLines(log);
      said = lines.isEmpty() ? "" : ": " + lines.get(lines.size() - 1);
    } catch (IOException e) {
      // Then there is nothing to add.
    }
    return process.isAlive()
        ? "passt has opened no socket in " + START_MILLIS / 1000 + " s" + said
        : "passt ended with code " + process.exitValue() + said;
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
      Files.deleteIfExists(folder.resolve("socket"));
      Files.deleteIfExists(folder.resolve("log"));
      Files.delete(folder);
    } catch (IOException e) {
      // A file in the folder for temporary ones stays; that hurts nobody.
    }
  }

  /** Whether passt is running. */
  boolean isAlive() {
    return process.isAlive();
  }

  @Override
  public String name() {
    return PROGRAM;
  }

  @Override
  public int pairs() {
    return stream.pairs();
  }

  @Override
  public long features() {
    return stream.features();
  }

  @Override
  public NetSource source(int index) {
    return stream.source(index);
  }

  @Override
  public NetSink sink(int index) {
    return stream.sink(index);
  }

  @Override
  public void close() {
    try {
      stream.close();
    } finally {
      end(process);
    }
  }
}
