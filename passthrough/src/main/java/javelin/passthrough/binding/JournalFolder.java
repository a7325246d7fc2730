package javelin.passthrough.binding;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.charset.StandardCharsets;
import java.nio.file.AccessDeniedException;
import java.nio.file.DirectoryStream;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.nio.file.StandardOpenOption;
import java.util.List;
import java.util.Optional;
import java.util.TreeSet;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import javelin.passthrough.host.HostAddress;
import javelin.vmm.linux.Errno;
import javelin.vmm.linux.ErrnoException;
import javelin.vmm.linux.Linux;

/**
 * The journals, {@code BDF.json} each, and the devices' locks beside them.
 *
 * <p>A journal is replaced as a whole: written to {@code BDF.new}, synced, renamed, and the folder
 * synced, so that at any moment either the old one or the new one is there.
 */
class JournalFolder {
  /** Names another folder, for tests and for users without root. */
  static final String VARIABLE = "JAVELIN_RUN";

  private static final Path DEFAULT = Path.of("/run/javelin");
  private static final String SUFFIX = ".json";
  private static final String LOCK_SUFFIX = ".lock";
  private static final Pattern NAME = Pattern.compile("(.+)\\" + SUFFIX);
  private static final int LONGEST = 1 << 16;

  private final Linux linux;
  private final Path folder;

  /**
   * @param linux the calls for locks
   * @param folder made when something is first written to it
   */
  JournalFolder(Linux linux, Path folder) {
    this.linux = linux;
    this.folder = folder;
  }

  /** The host's: of the environment's {@value #VARIABLE}, else /run/javelin. */
  static Path systemFolder() {
    String folder = System.getenv(VARIABLE);
    return folder == null || folder.isEmpty() ? DEFAULT : Path.of(folder).toAbsolutePath();
  }

  /** The devices that have a journal, damaged or not. */
  List<HostAddress> addresses() {
    TreeSet<HostAddress> found = new TreeSet<>();
    try (DirectoryStream<Path> files = Files.newDirectoryStream(folder, "*" + SUFFIX)) {
      for (Path file : files) {
        address(file).ifPresent(found::add);
      }
    } catch (NoSuchFileException e) {
      return List.of();
    } catch (IOException e) {
      throw new BindingException("cannot read " + folder + ": " + e, e);
    }
    return List.copyOf(found);
  }

  private static Optional<HostAddress> address(Path file) {
    Matcher name = NAME.matcher(file.getFileName().toString());
    try {
      return name.matches() ? Optional.of(HostAddress.parse(name.group(1))) : Optional.empty();
    } catch (IllegalArgumentException e) {
      return Optional.empty();
    }
  }

  /** Where the journal of a device is, or would be. */
  Path file(HostAddress address) {
    return file(address, SUFFIX);
  }

  /**
   * The journal of a device.
   *
   * @throws BindingException where it is damaged
   */
  Optional<Journal> load(HostAddress address) {
    Path file = file(address);
    try {
      if (Files.size(file) > LONGEST) {
        throw new IllegalArgumentException("it is longer than any journal");
      }
      Journal journal = JournalText.parse(Files.readString(file));
      if (!journal.saved().address().equals(address)) {
        throw new IllegalArgumentException("it is about " + journal.saved().address());
      }
      return Optional.of(journal);
    } catch (NoSuchFileException e) {
      return Optional.empty();
    } catch (IOException | IllegalArgumentException e) {
      throw damaged(address, file, e);
    }
  }

  private static BindingException damaged(HostAddress address, Path file, Exception cause) {
    return new BindingException(
        String.format(
            "%1$s: its journal %2$s is damaged (%3$s), so its driver is not known; if it is not"
                + " the host's yet: echo > %4$s/driver_override, echo %1$s > %4$s/driver/unbind,"
                + " echo %1$s > /sys/bus/pci/drivers_probe; then rm %2$s",
            address, file, cause.getMessage(), address.sysfs()),
        cause);
  }

  /** Makes {@code journal} the one of its device; it is durable on return. */
  void save(Journal journal) {
    HostAddress address = journal.saved().address();
    Path fresh = file(address, ".new");
    try {
      makeFolder();
      try (FileChannel channel =
          FileChannel.open(
              fresh,
              StandardOpenOption.WRITE,
              StandardOpenOption.CREATE,
              StandardOpenOption.TRUNCATE_EXISTING)) {
        ByteBuffer bytes = StandardCharsets.UTF_8.encode(JournalText.of(journal));
        while (bytes.hasRemaining()) {
          channel.write(bytes);
        }
        channel.force(true);
      }
      Files.move(fresh, file(address), StandardCopyOption.ATOMIC_MOVE);
      sync();
    } catch (IOException e) {
      throw notWritable(address, e);
    }
  }

  /** Removes the journal of a device, if there is one. */
  void delete(HostAddress address) {
    try {
      Files.deleteIfExists(file(address, ".new"));
      if (Files.deleteIfExists(file(address))) {
        sync();
      }
    } catch (IOException e) {
      throw notWritable(address, e);
    }
  }

  /**
   * Locks a device.
   *
   * @return nothing where another descriptor, of this or another process, has the lock
   */
  Optional<DeviceLock> tryLock(HostAddress address) {
    try {
      makeFolder();
      return DeviceLock.tryAcquire(linux, address, lockFile(folder, address).toString());
    } catch (IOException | ErrnoException e) {
      throw notWritable(address, e);
    }
  }

  /** Whether this process may lock devices and write journals. */
  boolean isWritable() {
    try {
      makeFolder();
      return Files.isWritable(folder);
    } catch (IOException e) {
      return false;
    }
  }

  /** Records {@code owner} as the holder of the lock, which the caller has. */
  void nameHolder(HostAddress address, Owner owner) {
    try {
      Files.writeString(lockFile(folder, address), owner.pid() + "\n");
    } catch (IOException e) {
      throw notWritable(address, e);
    }
  }

  /** The process that last said to have the lock. */
  Optional<Long> holder(HostAddress address) {
    try {
      return Optional.of(Long.parseLong(Files.readString(lockFile(folder, address)).strip()));
    } catch (IOException | NumberFormatException e) {
      return Optional.empty();
    }
  }

  private void makeFolder() throws IOException {
    if (!Files.isDirectory(folder)) {
      Files.createDirectories(folder);
    }
  }

  private void sync() throws IOException {
    try (FileChannel channel = FileChannel.open(folder, StandardOpenOption.READ)) {
      channel.force(true);
    }
  }

  /** The file of a device's lock in {@code folder}. */
  static Path lockFile(Path folder, HostAddress address) {
    return folder.resolve(address + LOCK_SUFFIX);
  }

  private Path file(HostAddress address, String suffix) {
    return folder.resolve(address + suffix);
  }

  private BindingException notWritable(HostAddress address, Exception cause) {
    boolean denied =
        cause instanceof AccessDeniedException
            || (cause instanceof ErrnoException e && e.is(Errno.EACCES));
    return new BindingException(
        address
            + (denied
                ? ": no permission to write to " + folder + "; run as root, or set " + VARIABLE
                : ": cannot write to " + folder + ": " + cause),
        cause);
  }
}
