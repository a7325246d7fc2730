package javelin.perf.virtio;

import java.io.IOException;
import java.io.OutputStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Random;
import javelin.boot.machine.Units;
import javelin.vmm.linux.ErrnoException;
import javelin.vmm.linux.Linux;

/**
 * What the guests' first disk is on: a file or block device of the user's, or a file that is made
 * for the bench, full of random bytes, and removed.
 */
final class DiskImage implements AutoCloseable {
  private static final int CHUNK = 1 << 20;
  private static final int SEED = 4;

  private final Path path;
  private final boolean isOwn;

  private DiskImage(Path path, boolean isOwn) {
    this.path = path;
    this.isOwn = isOwn;
  }

  /**
   * Takes or makes it.
   *
   * @param bytes of a new one
   */
  static DiskImage at(Path path, long bytes) throws IOException {
    if (Files.exists(path)) {
      return new DiskImage(path, false);
    }
    DiskImage image = new DiskImage(path, true);
    try (OutputStream out = Files.newOutputStream(path)) {
      byte[] chunk = new byte[CHUNK];
      Random random = new Random(SEED);
      for (long left = bytes; left > 0; left -= CHUNK) {
        random.nextBytes(chunk);
        out.write(chunk, 0, (int) Math.min(CHUNK, left));
      }
      return image;
    } catch (IOException e) {
      image.close();
      throw e;
    }
  }

  Path path() {
    return path;
  }

  /** Whether its file system takes direct I/O. */
  boolean takesDirect(Linux linux) {
    try {
      linux.open(path.toString(), Linux.O_RDONLY | Linux.O_DIRECT).close();
      return true;
    } catch (ErrnoException e) {
      return false;
    }
  }

  /** What it is, for the result. */
  String backing(Linux linux) throws IOException {
    String size;
    try (var fd = linux.open(path.toString(), Linux.O_RDONLY)) {
      size = Units.formatSize(linux.length(fd));
    }
    return Files.isRegularFile(path)
        ? "a file of %s on %s".formatted(size, Files.getFileStore(path).type())
        : "block device %s, %s".formatted(path, size);
  }

  @Override
  public void close() throws IOException {
    if (isOwn) {
      Files.deleteIfExists(path);
    }
  }
}
