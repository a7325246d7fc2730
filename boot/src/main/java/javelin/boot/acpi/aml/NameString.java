package javelin.boot.acpi.aml;

/**
 * Names and paths in AML (ACPI 6.5, 20.2.2): an optional root or parent prefix, then segments of
 * four characters. {@code \_SB.PCI0} becomes {@code 5C 2E "_SB_" "PCI0"}.
 */
final class NameString {
  private static final int SEGMENT_LENGTH = 4;
  private static final int DUAL_NAME_PREFIX = 0x2E;
  private static final int MULTI_NAME_PREFIX = 0x2F;
  private static final int NULL_NAME = 0x00;

  private NameString() {}

  /**
   * Appends {@code path}; short segments are padded with underscores.
   *
   * @throws IllegalArgumentException where a segment is no ACPI name
   */
  static void write(ByteWriter out, String path) {
    int start = 0;
    if (path.startsWith("\\")) {
      out.u8('\\');
      start = 1;
    } else {
      while (start < path.length() && path.charAt(start) == '^') {
        out.u8('^');
        start++;
      }
    }
    if (start == path.length()) {
      if (start == 0) {
        throw new IllegalArgumentException("an AML name must not be empty");
      }
      out.u8(NULL_NAME);
      return;
    }
    String[] segments = path.substring(start).split("\\.", -1);
    if (segments.length == 2) {
      out.u8(DUAL_NAME_PREFIX);
    } else if (segments.length > 2) {
      out.u8(MULTI_NAME_PREFIX).u8(segments.length);
    }
    for (String segment : segments) {
      if (!isSegment(segment)) {
        throw new IllegalArgumentException(
            "'"
                + segment
                + "' in '"
                + path
                + "' is no ACPI name: one to four of A-Z, 0-9 and _, no digit first");
      }
      out.ascii(segment, SEGMENT_LENGTH, '_');
    }
  }

  private static boolean isSegment(String text) {
    if (text.isEmpty() || text.length() > SEGMENT_LENGTH || isDigit(text.charAt(0))) {
      return false;
    }
    for (int i = 0; i < text.length(); i++) {
      char c = text.charAt(i);
      if (c != '_' && !isDigit(c) && (c < 'A' || c > 'Z')) {
        return false;
      }
    }
    return true;
  }

  private static boolean isDigit(char c) {
    return c >= '0' && c <= '9';
  }
}
