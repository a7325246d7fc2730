package javelin.boot.host;

import java.util.ArrayList;
import java.util.List;

/** Text for people, in lines of a width. */
public final class TextLines {
  private final int width;
  private final List<String> lines = new ArrayList<>();

  /** Makes lines of at most {@code width} columns, but for words that are longer. */
  public TextLines(int width) {
    this.width = width;
  }

  /** The lines so far. */
  public List<String> lines() {
    return List.copyOf(lines);
  }

  /** {@code text} filled with blanks to {@code width} columns. */
  public static String pad(String text, int width) {
    return text + " ".repeat(Math.max(0, width - text.length()));
  }

  /** Adds one line as it is. */
  public void add(String line) {
    lines.add(line.stripTrailing());
  }

  /**
   * Adds {@code text} behind {@code start}, broken between words, each line from {@code indent}.
   */
  public void append(String start, String text, int indent) {
    StringBuilder line = new StringBuilder(start);
    boolean first = true;
    for (String word : text.split(" ", -1)) {
      if (!first && line.length() + 1 + word.length() > width) {
        add(line.toString());
        line.setLength(0);
        line.append(" ".repeat(indent));
        first = true;
      }
      if (!first) {
        line.append(' ');
      }
      line.append(word);
      first = false;
    }
    add(line.toString());
  }
}
