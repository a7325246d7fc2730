package javelin.perf.guest;

import java.util.Collection;
import java.util.Collections;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.function.Consumer;

/**
 * Reads what a measuring guest writes on its console: the text of {@link
 * javelin.boot.guest.bench.SampleLog}, one line after the other. Lines that do not begin with
 * {@code @} are not for it.
 *
 * <p>A guest is not trusted: what is not as it should be is refused, and so is more than was asked
 * for, so the guest cannot have this grow. Not for concurrent use.
 */
public final class SampleText implements Consumer<String> {
  /**
   * The longest line that is taken: 16 samples of 16 digits, a space before each. {@link
   * ConsoleLines} has to pass on at least one byte more, so that a longer line is told from it.
   */
  public static final int LONGEST_LINE = 6 + 16 * 17;

  private static final int MAX_CASES = 256;
  private static final int MAX_COUNTS = 64;
  private static final int MAX_NAME = 64;
  private static final int MAX_REASON = 200;
  private static final int HEX = 16;
  private static final int LONG_DIGITS = 16;

  private final int maxSamples;
  private final Map<String, CaseSamples> cases = new LinkedHashMap<>();
  private final Map<String, Long> counts = new LinkedHashMap<>();
  private CaseSamples open;
  private int samples;
  private boolean done;

  /** A text of up to {@code maxSamples} samples in all. */
  public SampleText(int maxSamples) {
    this.maxSamples = maxSamples;
  }

  /**
   * Takes a line of the console, with or without CR at its end.
   *
   * @throws SampleTextException where it is not as it should be; what was read before stands
   */
  @Override
  public void accept(String line) {
    if (!line.startsWith("@")) {
      return;
    }
    String text = line.endsWith("\r") ? line.substring(0, line.length() - 1) : line;
    require(text.length() <= LONGEST_LINE, "too long a line", text);
    require(!done, "a line behind @done", text);
    String[] words = text.split(" ", -1);
    switch (words[0]) {
      case "@case" -> openCase(words, text);
      case "@ticks" -> addTicks(words, text);
      case "@count" -> addCount(words, text);
      case "@skip" -> skip(text);
      case "@done" -> {
        require(words.length == 1, "not a line of this text", text);
        done = true;
      }
      default -> throw new SampleTextException("not a line of this text", text);
    }
  }

  private void openCase(String[] words, String text) {
    require(words.length == 2, "a case has one name", text);
    open = CaseSamples.measured(words[1]);
    add(open, text);
  }

  private void add(CaseSamples of, String text) {
    require(isName(of.name()), "not a name", text);
    require(cases.size() < MAX_CASES, "too many cases", text);
    require(cases.putIfAbsent(of.name(), of) == null, "a second case of this name", text);
  }

  private static boolean isName(String name) {
    return !name.isEmpty()
        && name.length() <= MAX_NAME
        && name.chars().allMatch(c -> c > ' ' && c <= '~');
  }

  private void addTicks(String[] words, String text) {
    require(open != null, "samples without a case", text);
    require(words.length > 1, "no samples", text);
    require(words.length - 1 <= maxSamples - samples, "too many samples", text);
    long[] values = new long[words.length - 1];
    for (int i = 0; i < values.length; i++) {
      values[i] = ticks(words[i + 1], text);
    }
    for (long value : values) {
      open.add(value);
    }
    samples += values.length;
  }

  private static long ticks(String word, String text) {
    boolean isHex =
        !word.isEmpty()
            && word.length() <= LONG_DIGITS
            && word.chars().allMatch(c -> (c >= '0' && c <= '9') || (c >= 'a' && c <= 'f'));
    require(isHex, "not a number", text);
    return Long.parseUnsignedLong(word, HEX);
  }

  private void addCount(String[] words, String text) {
    require(words.length == 3 && isName(words[1]), "a figure has a name and a value", text);
    Map<String, Long> target = open == null ? counts : open.writableCounts();
    require(target.size() < MAX_COUNTS, "too many figures", text);
    require(
        words[2].chars().allMatch(c -> c >= '0' && c <= '9') && isLong(words[2]),
        "not a number",
        text);
    require(
        target.putIfAbsent(words[1], Long.parseLong(words[2])) == null,
        "a second figure of this name",
        text);
  }

  private static boolean isLong(String digits) {
    try {
      return Long.parseLong(digits) >= 0;
    } catch (NumberFormatException e) {
      return false;
    }
  }

  private void skip(String text) {
    String[] parts = text.split(" ", 3);
    boolean isWhole = parts.length == 3 && !parts[2].isBlank() && parts[2].length() <= MAX_REASON;
    require(isWhole && parts[2].chars().allMatch(c -> c >= ' ' && c <= '~'), "no reason", text);
    add(CaseSamples.skipped(parts[1], parts[2]), text);
    open = null;
  }

  private static void require(boolean holds, String cause, String line) {
    if (!holds) {
      throw new SampleTextException(cause, line);
    }
  }

  /** Whether the guest has said that nothing follows. */
  public boolean isDone() {
    return done;
  }

  /** The cases so far, in the guest's order, skipped ones among them. */
  public Collection<CaseSamples> cases() {
    return Collections.unmodifiableCollection(cases.values());
  }

  /** The case of that name; null where the guest has not spoken of it. */
  public CaseSamples find(String name) {
    return cases.get(name);
  }

  /** Figures of the whole run, before the first case, by name. */
  public Map<String, Long> counts() {
    return Map.copyOf(counts);
  }
}
