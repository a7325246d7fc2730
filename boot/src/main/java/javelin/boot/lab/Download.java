package javelin.boot.lab;

import java.io.IOException;
import java.io.PrintStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.concurrent.TimeUnit;
import java.util.stream.Stream;

/**
 * One run of apt that fetches into a folder, and what is told of it meanwhile.
 *
 * @param what is fetched, for messages
 * @param folder that it comes into
 * @param bytes how much is to come
 */
record Download(String what, Path folder, long bytes) {
  private static final long MEGABYTE = 1_000_000;
  private static final long REPORT_SECONDS = 2;

  /**
   * Waits for apt's end.
   *
   * @param log what apt says
   * @throws LabException with apt's words where it failed
   */
  void await(Process apt, Path log, PrintStream progress) throws IOException {
    try {
      while (!apt.waitFor(REPORT_SECONDS, TimeUnit.SECONDS)) {
        progress.printf(
            "javelin: fetching %s: %d of %d MB%n", what, bytesHere() / MEGABYTE, bytes / MEGABYTE);
      }
    } catch (InterruptedException e) {
      apt.destroy();
      Thread.currentThread().interrupt();
      throw new LabException("interrupted while fetching " + what, e);
    }
    if (apt.exitValue() != 0) {
      throw new LabException(
          "cannot fetch "
              + what
              + " (network? outdated lists: apt update):\n"
              + Files.readString(log).strip());
    }
  }

  /** The packages that have come. */
  List<Path> packages() throws IOException {
    try (Stream<Path> files = Files.list(folder)) {
      return files.filter(file -> file.toString().endsWith(".deb")).sorted().toList();
    }
  }

  private long bytesHere() throws IOException {
    try (Stream<Path> files = Files.walk(folder)) {
      return files.mapToLong(file -> file.toFile().length()).sum();
    }
  }

  /** Unpacks a package into a folder. */
  static void unpack(Path deb, Path tree) {
    HostPrograms.output(
        List.of(HostPrograms.find("dpkg-deb").toString(), "-x", deb.toString(), tree.toString()));
  }
}
