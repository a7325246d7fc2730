package javelin.perf.boot;

import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Optional;

/** The programs of this host. */
final class Programs {
  private Programs() {}

  /** The program {@code name} as a shell would find it. */
  static Optional<Path> find(String name) {
    for (String folder : System.getenv().getOrDefault("PATH", "").split(":", -1)) {
      Path file = Path.of(folder, name);
      if (Files.isExecutable(file)) {
        return Optional.of(file);
      }
    }
    return Optional.empty();
  }
}
