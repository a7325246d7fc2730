package javelin.passthrough.assigned;

import java.nio.file.Path;

/**
 * What the guest finds as a function's expansion ROM.
 *
 * @param kind where it comes from
 * @param file what is in it, for {@link Kind#FILE}; null otherwise
 */
public record RomOption(Kind kind, Path file) {
  /** Where it comes from. */
  public enum Kind {
    /** There is none. */
    OFF,
    /** The device's own, where it has one. */
    DEVICE,
    /** A file of the host. */
    FILE
  }

  /** No ROM. */
  public static final RomOption OFF = new RomOption(Kind.OFF, null);

  /** The device's own. */
  public static final RomOption DEVICE = new RomOption(Kind.DEVICE, null);

  /** Reads {@code off}, {@code on} or the path of a file. */
  public static RomOption parse(String text) {
    return switch (text) {
      case "off" -> OFF;
      case "on" -> DEVICE;
      case "" -> throw new IllegalArgumentException("rom is on, off or a file");
      default -> new RomOption(Kind.FILE, Path.of(text));
    };
  }
}
