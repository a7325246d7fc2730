package javelin.boot.machine;

import java.nio.file.Path;
import java.util.Locale;

/**
 * Where the guest's first serial port (COM1) goes, or a virtio console or port.
 *
 * @param kind the kind of back end
 * @param path the file or socket, or null where the kind has none
 */
public record SerialSpec(Kind kind, Path path) {
  /** Kinds of back ends. */
  public enum Kind {
    /** Standard input and output of Javelin. */
    STDIO,
    /** Output to a file; no input. */
    FILE,
    /** A new pseudo-terminal, whose name is printed. */
    PTY,
    /** A Unix socket that Javelin listens on, for one client at a time. */
    SOCKET,
    /** Output is dropped; no input. */
    NULL
  }

  /** The terminal that Javelin runs on. */
  public static final SerialSpec STDIO = new SerialSpec(Kind.STDIO, null);

  /** A new pseudo-terminal. */
  public static final SerialSpec PTY = new SerialSpec(Kind.PTY, null);

  /** Nothing at all. */
  public static final SerialSpec NULL = new SerialSpec(Kind.NULL, null);

  /**
   * Parses {@code stdio}, {@code file:PATH}, {@code pty}, {@code socket:PATH} or {@code null}.
   *
   * @throws ConfigException for anything else
   */
  public static SerialSpec parse(String text) {
    return parse("--serial", text);
  }

  /**
   * As above, for another option.
   *
   * @param option the option's name, for the error
   */
  static SerialSpec parse(String option, String text) {
    int colon = text.indexOf(':');
    String kind = colon < 0 ? text : text.substring(0, colon);
    String path = colon < 0 ? null : text.substring(colon + 1);
    return switch (kind) {
      case "stdio" -> withoutPath(option, text, path, STDIO);
      case "pty" -> withoutPath(option, text, path, PTY);
      case "null" -> withoutPath(option, text, path, NULL);
      case "file" -> withPath(option, text, path, Kind.FILE);
      case "socket" -> withPath(option, text, path, Kind.SOCKET);
      default ->
          throw new ConfigException(
              option, text, "unknown; it is one of stdio, file:PATH, pty, socket:PATH, null");
    };
  }

  private static SerialSpec withoutPath(String option, String text, String path, SerialSpec spec) {
    if (path != null) {
      throw new ConfigException(option, text, spec + " takes no path");
    }
    return spec;
  }

  private static SerialSpec withPath(String option, String text, String path, Kind kind) {
    if (path == null || path.isEmpty()) {
      throw new ConfigException(option, text, "give a path, as in " + name(kind) + ":PATH");
    }
    return new SerialSpec(kind, Path.of(path));
  }

  private static String name(Kind kind) {
    return kind.name().toLowerCase(Locale.ROOT);
  }

  @Override
  public String toString() {
    return path == null ? name(kind) : name(kind) + ":" + path;
  }
}
