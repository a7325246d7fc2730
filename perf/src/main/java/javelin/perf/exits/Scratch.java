package javelin.perf.exits;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;

/** A folder without subfolders, which is gone when it is closed. */
final class Scratch implements AutoCloseable {
  private final Path folder;

  /** A new one. */
  Scratch() throws IOException {
    folder = Files.createTempDirectory("javelin-bench");
  }

  /** The path of a file in it. */
  Path file(String name) {
    return folder.resolve(name);
  }

  /** The folder. */
  Path path() {
    return folder;
  }

  @Override
  public void close() throws IOException {
    try (var files = Files.list(folder)) {
      for (Path file : files.toList()) {
        Files.delete(file);
      }
    }
    Files.delete(folder);
  }
}
