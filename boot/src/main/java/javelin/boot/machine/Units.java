package javelin.boot.machine;

import java.math.BigDecimal;
import java.time.Duration;
import java.util.Locale;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/** Sizes and times with units, as people write them. */
public final class Units {
  private static final Pattern SIZE =
      Pattern.compile(
          "(\\d{1,18}(?:\\.\\d{1,9})?)(?:([kmgt])(?:i?b)?|b)?", Pattern.CASE_INSENSITIVE);
  private static final Pattern TIME =
      Pattern.compile("(\\d{1,12}(?:\\.\\d{1,9})?)(ms|s|m|min|h)?", Pattern.CASE_INSENSITIVE);
  private static final String LETTERS = "KMGT";

  /**
   * A size in bytes from text such as {@code 512M}, {@code 1.5G}, {@code 4096KiB} or {@code 8192}
   * (bytes). Units are powers of 1024.
   *
   * @throws IllegalArgumentException whose message says what is wrong, in words for the user
   */
  public static long parseSize(String text) {
    Matcher matcher = SIZE.matcher(text.strip());
    if (!matcher.matches()) {
      throw new IllegalArgumentException("write a number and a unit, as in 512M or 2G");
    }
    int shift = 0;
    if (matcher.group(2) != null) {
      shift = 10 * (1 + LETTERS.indexOf(matcher.group(2).toUpperCase(Locale.ROOT)));
    }
    BigDecimal bytes = new BigDecimal(matcher.group(1)).multiply(BigDecimal.valueOf(1L << shift));
    try {
      return bytes.longValueExact();
    } catch (ArithmeticException e) {
      String reason =
          bytes.compareTo(BigDecimal.valueOf(Long.MAX_VALUE)) > 0
              ? "too large a size"
              : "no whole number of bytes";
      throw new IllegalArgumentException(reason, e);
    }
  }

  /** {@code bytes} in the largest unit that it is a whole number of, such as {@code 512M}. */
  public static String formatSize(long bytes) {
    int unit = 0;
    long value = bytes;
    while (unit < LETTERS.length() && value != 0 && value % 1024 == 0) {
      value /= 1024;
      unit++;
    }
    return unit == 0 ? Long.toString(value) : value + LETTERS.substring(unit - 1, unit);
  }

  /**
   * A time from text such as {@code 30s}, {@code 500ms}, {@code 1.5m}, {@code 2h} or {@code 30}
   * (seconds).
   *
   * @throws IllegalArgumentException whose message says what is wrong, in words for the user
   */
  public static Duration parseTime(String text) {
    Matcher matcher = TIME.matcher(text.strip());
    if (!matcher.matches()) {
      throw new IllegalArgumentException("write a number and a unit (ms, s, m, h), as in 30s");
    }
    String unit = matcher.group(2) == null ? "s" : matcher.group(2).toLowerCase(Locale.ROOT);
    long millis =
        switch (unit) {
          case "ms" -> 1;
          case "s" -> 1000;
          case "h" -> 3_600_000;
          default -> 60_000;
        };
    BigDecimal value = new BigDecimal(matcher.group(1)).multiply(BigDecimal.valueOf(millis));
    return Duration.ofMillis(value.longValue());
  }

  /** {@code time} as {@link #parseTime} reads it: {@code 250ms}, {@code 1.5s}, {@code 90s}. */
  public static String format(Duration time) {
    long millis = time.toMillis();
    if (millis < 1000 && millis != 0) {
      return millis + "ms";
    }
    return BigDecimal.valueOf(millis, 3).stripTrailingZeros().toPlainString() + "s";
  }

  private Units() {}
}
