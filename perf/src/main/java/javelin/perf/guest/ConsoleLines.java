package javelin.perf.guest;

import java.nio.charset.StandardCharsets;
import java.util.function.Consumer;

/**
 * Cuts what comes from a guest's console into lines. A longer line than it takes is passed on
 * without its end, so that a guest that never ends its line costs no memory. Not for concurrent
 * use.
 */
public final class ConsoleLines {
  private final byte[] line;
  private final Consumer<String> target;
  private int length;

  /**
   * Passes lines on to {@code target}, without LF and CR LF at their end.
   *
   * @param longest bytes of a line that are passed on
   */
  public ConsoleLines(int longest, Consumer<String> target) {
    line = new byte[longest];
    this.target = target;
  }

  /** Takes the next byte. */
  public void accept(byte value) {
    if (value == '\n') {
      end();
    } else if (length < line.length) {
      line[length++] = value;
    }
  }

  /** Takes the next bytes. */
  public void accept(byte[] bytes, int offset, int count) {
    for (int i = offset; i < offset + count; i++) {
      accept(bytes[i]);
    }
  }

  private void end() {
    int count = length > 0 && line[length - 1] == '\r' ? length - 1 : length;
    length = 0;
    target.accept(new String(line, 0, count, StandardCharsets.ISO_8859_1));
  }
}
