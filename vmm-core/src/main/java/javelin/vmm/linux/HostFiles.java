package javelin.vmm.linux;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.DirectoryStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.Optional;

/** Small files and directories of a host, below a root; what cannot be read is simply absent. */
public final class HostFiles {
  private static final String EVENTFD = "anon_inode:[eventfd]";

  private final Path root;

  /** Reads below {@code root}; {@code /} is this host. */
  public HostFiles(Path root) {
    this.root = root;
  }

  /** This host. */
  public static HostFiles system() {
    return new HostFiles(Path.of("/"));
  }

  /** The file below the root for an absolute {@code path} of the host. */
  public Path path(String path) {
    return root.resolve(path.substring(1));
  }

  /** This tree's root; {@code /} for this host. */
  public Path root() {
    return root;
  }

  /**
   * The last name of what the symbolic link at {@code path} points to, as sysfs names a device's
   * driver or group.
   */
  public Optional<String> linkName(String path) {
    return linkTarget(path).map(target -> Path.of(target).getFileName().toString());
  }

  /** The text of the symbolic link at {@code path}. */
  public Optional<String> linkTarget(String path) {
    try {
      return Optional.of(Files.readSymbolicLink(path(path)).toString());
    } catch (IOException | UnsupportedOperationException e) {
      return Optional.empty();
    }
  }

  /** Whether a descriptor of this process is an eventfd; asked of the host's own tree. */
  public boolean isEventFd(Fd fd) {
    return linkTarget("/proc/self/fd/" + fd.number()).equals(Optional.of(EVENTFD));
  }

  /** The path in this tree, links resolved, as an absolute path of the host. */
  public Optional<String> realPath(String path) {
    try {
      return Optional.of("/" + root.toRealPath().relativize(path(path).toRealPath()));
    } catch (IOException e) {
      return Optional.empty();
    }
  }

  /** Whether there is such a file, directory or node. */
  public boolean exists(String path) {
    return Files.exists(path(path));
  }

  /** The text of a file, stripped. */
  public Optional<String> text(String path) {
    return bytes(path).map(bytes -> new String(bytes, StandardCharsets.ISO_8859_1).strip());
  }

  /** The bytes of a file. */
  public Optional<byte[]> bytes(String path) {
    try {
      return Optional.of(Files.readAllBytes(path(path)));
    } catch (IOException e) {
      return Optional.empty();
    }
  }

  /** The lines of a file; none where it cannot be read. */
  public List<String> lines(String path) {
    return text(path).map(text -> text.lines().toList()).orElse(List.of());
  }

  /** A file that holds one decimal number. */
  public Optional<Long> number(String path) {
    return text(path)
        .flatMap(
            text -> {
              try {
                return Optional.of(Long.parseLong(text));
              } catch (NumberFormatException e) {
                return Optional.empty();
              }
            });
  }

  /** The names in a directory, sorted; none where it cannot be read. */
  public List<String> names(String path) {
    List<String> names = new ArrayList<>();
    try (DirectoryStream<Path> entries = Files.newDirectoryStream(path(path))) {
      entries.forEach(entry -> names.add(entry.getFileName().toString()));
    } catch (IOException e) {
      return List.of();
    }
    Collections.sort(names);
    return names;
  }

  /**
   * The value of {@code key} in lines such as {@code MemTotal: 24684096 kB}: the first one's text
   * behind the colon.
   */
  public Optional<String> field(String path, String key) {
    for (String line : lines(path)) {
      int colon = line.indexOf(':');
      if (colon > 0 && line.substring(0, colon).strip().equals(key)) {
        return Optional.of(line.substring(colon + 1).strip());
      }
    }
    return Optional.empty();
  }
}
