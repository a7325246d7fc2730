package javelin.perf.bench;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Comparator;
import java.util.Optional;
import java.util.stream.Stream;
import javelin.boot.cli.CommandException;
import javelin.boot.cli.ExitCode;
import javelin.boot.kernel.UserCache;

/** The Linux kernel that a bench boots: the user's, or one that is at hand. */
public final class GuestKernel {
  /** What is said where there is none. */
  public static final String MISSING =
      "no kernel is here: name one with --kernel, or run `./javelin lab -- true` once, which"
          + " fetches one";

  private GuestKernel() {}

  /**
   * The bzImage: the newest of the lab's, or of /boot, unless the user names one.
   *
   * @param given the user's, or null
   * @throws CommandException where that cannot be read
   */
  public static Optional<Path> find(String given) {
    if (given != null) {
      Path file = Path.of(given);
      if (!Files.isReadable(file) || Files.isDirectory(file)) {
        throw new CommandException(
            ExitCode.START_ERROR, "--kernel " + given + ": there is no such file to read");
      }
      return Optional.of(file.toAbsolutePath());
    }
    return newest(UserCache.folder(), 3).or(() -> newest(Path.of("/boot"), 1));
  }

  private static Optional<Path> newest(Path folder, int depth) {
    try (Stream<Path> files = Files.walk(folder, depth)) {
      return files
          .filter(file -> file.getFileName().toString().startsWith("vmlinuz-"))
          .max(Comparator.comparingLong(file -> file.toFile().lastModified()));
    } catch (IOException e) {
      return Optional.empty();
    }
  }
}
