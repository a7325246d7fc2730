package javelin.boot.machine;

import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import javelin.devices.virtio.vhostuser.BackEnd;
import javelin.devices.virtio.vhostuser.VhostUserException;
import javelin.vmm.linux.Errno;
import javelin.vmm.linux.ErrnoException;
import javelin.vmm.linux.Linux;

/**
 * The virtiofsd behind a folder of the guest's: one of its own, which ends when the connection
 * does, whichever way Javelin ends, or one that is running.
 */
final class SharedFolder implements AutoCloseable {
  private static final String NAME = "virtiofsd";

  /** The one of QEMU before 8.0, written in C, whose options differ. */
  private static final String OF_QEMU = "/usr/lib/qemu/virtiofsd";

  private static final List<String> PLACES =
      List.of("/usr/libexec/virtiofsd", "/usr/lib/virtiofsd", OF_QEMU);

  private final BackEnd backEnd;

  /** Null where it was running. */
  private final HelperProcess<BackEnd> process;

  private SharedFolder(BackEnd backEnd, HelperProcess<BackEnd> process) {
    this.backEnd = backEnd;
    this.process = process;
  }

  /**
   * Connects to it, and starts it first where it is to be.
   *
   * @throws ConfigException where it cannot be had
   */
  static SharedFolder open(Linux linux, FsSpec spec) {
    return open(linux, spec, program());
  }

  /** As above; {@code program} is the virtiofsd that is started. */
  static SharedFolder open(Linux linux, FsSpec spec, String program) {
    try {
      return spec.dir() == null ? connect(linux, spec) : start(linux, spec, program);
    } catch (VhostUserException e) {
      throw refused(spec, "what listens there is of no use: " + e.getMessage());
    } catch (HelperProcess.HelperException e) {
      throw refused(spec, e.getMessage());
    }
  }

  private static String program() {
    return PLACES.stream()
        .filter(place -> Files.isExecutable(Path.of(place)))
        .findFirst()
        .orElse(NAME);
  }

  private static SharedFolder connect(Linux linux, FsSpec spec) {
    try {
      return new SharedFolder(BackEnd.connect(linux, spec.socket()), null);
    } catch (ErrnoException e) {
      throw refused(
          spec,
          e.is(Errno.ENOENT)
              ? "no such socket; `virtiofsd --socket-path=" + spec.socket() + "` listens at one"
              : "cannot be connected to: " + Errno.describe(e.errno()));
    }
  }

  private static SharedFolder start(Linux linux, FsSpec spec, String program) {
    Path dir = Path.of(spec.dir()).toAbsolutePath();
    if (!Files.isDirectory(dir)) {
      throw refused(spec, "no such folder");
    }
    HelperProcess<BackEnd> process =
        HelperProcess.start(
            NAME,
            null,
            "`apt install virtiofsd` installs it, in Debian 12 `apt install qemu-system-common`",
            socket -> command(program, socket, dir.toString()),
            socket -> BackEnd.connect(linux, socket));
    return new SharedFolder(process.connection(), process);
  }

  private static List<String> command(String program, String socket, String dir) {
    String listening = "--socket-path=" + socket;
    return program.equals(OF_QEMU)
        ? List.of(program, "-f", listening, "-o", "source=" + dir)
        : List.of(program, listening, "--shared-dir=" + dir);
  }

  private static ConfigException refused(FsSpec spec, String reason) {
    return new ConfigException(FsSpec.OPTION, spec, reason);
  }

  /** The connection, which the device closes. */
  BackEnd backEnd() {
    return backEnd;
  }

  /** What it is called in messages. */
  String name(FsSpec spec) {
    return process == null ? spec.socket() : NAME + " of " + spec.dir();
  }

  /** Ends what was started; after the device. */
  @Override
  public void close() {
    if (process != null) {
      process.close();
    }
  }
}
