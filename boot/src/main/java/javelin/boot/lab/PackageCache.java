package javelin.boot.lab;

import java.io.IOException;
import java.nio.channels.FileChannel;
import java.nio.channels.FileLock;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.nio.file.StandardOpenOption;
import java.util.ArrayList;
import java.util.List;
import java.util.stream.Stream;
import javelin.boot.kernel.UserCache;

/**
 * The user's cache folder of unpacked packages. A folder appears there by one rename, complete or
 * not at all, and one process at a time works on the cache.
 */
final class PackageCache {
  private static final String PARTIAL = "partial-";

  private final Path cache;

  /** What fills a folder that is missing. */
  @FunctionalInterface
  interface Filler {
    /** Makes {@code tree} and fills it; {@code work}, its parent, may hold what is in between. */
    void fill(Path work, Path tree) throws IOException;
  }

  /** Uses a folder, which is made when it is missing. */
  PackageCache(Path cache) {
    this.cache = cache;
  }

  /** {@code $XDG_CACHE_HOME/javelin}, else {@code ~/.cache/javelin}. */
  static Path ofUser(String xdgCacheHome, String home) {
    return UserCache.folder(xdgCacheHome, home);
  }

  /** Where the folders are. */
  Path path() {
    return cache;
  }

  /**
   * The folder {@code name}, filled when it is missing.
   *
   * @throws LabException where the filler throws one: nothing is left of its work then
   */
  Path folder(String name, Filler filler) {
    Path folder = cache.resolve(name);
    if (Files.isDirectory(folder)) {
      return folder;
    }
    try {
      Files.createDirectories(cache);
      Path lockFile = cache.resolve("lock");
      try (FileChannel channel =
              FileChannel.open(lockFile, StandardOpenOption.CREATE, StandardOpenOption.WRITE);
          FileLock lock = channel.lock()) {
        if (lock.isValid() && !Files.isDirectory(folder)) {
          fill(folder, filler);
        }
      }
      return folder;
    } catch (IOException e) {
      throw new LabException("cannot keep " + name + " in " + cache + ": " + e, e);
    }
  }

  private void fill(Path folder, Filler filler) throws IOException {
    removeLeftovers();
    Path work = Files.createTempDirectory(cache, PARTIAL);
    try {
      Path tree = work.resolve("tree");
      filler.fill(work, tree);
      Files.move(tree, folder, StandardCopyOption.ATOMIC_MOVE);
    } finally {
      Folders.delete(work);
    }
  }

  /** Removes what an interrupted download left; the lock says that no one works on it. */
  private void removeLeftovers() throws IOException {
    List<Path> leftovers = new ArrayList<>();
    try (Stream<Path> entries = Files.list(cache)) {
      entries
          .filter(entry -> entry.getFileName().toString().startsWith(PARTIAL))
          .forEach(leftovers::add);
    }
    for (Path leftover : leftovers) {
      Folders.delete(leftover);
    }
  }
}
