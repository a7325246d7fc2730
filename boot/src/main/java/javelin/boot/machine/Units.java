package javelin.boot.machine;

import java.time.Duration;
import java.util.Locale;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/**
 * Sizes and times with units, as people write them. Without BigDecimal: JDK 25 computes so large
 * powers of five when that is first used that a launch would take a tenth longer.
 */
public final class Units {
  private static final Pattern SIZE =
      Pattern.compile(
          "(\\d{1,18})(?:\\.(\\d{1,9}))?(?:([kmgt])(?:i?b)?|b)?", Pattern.CASE_INSENSITIVE);
  private static final Pattern TIME =
      Pattern.compile("(\\d{1,12})(?:\\.(\\d{1,9}))?(ms|s|m|min|h)?", Pattern.CASE_INSENSITIVE);
  private static final String LETTERS = "KMGT";
  private static final long NANOS = 1_000_000_000;

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
    if (matcher.group(3) != null) {
      shift = 10 * (1 + LETTERS.indexOf(matcher.group(3).toUpperCase(Locale.ROOT)));
    }
    try {
      long whole = Math.multiplyExact(Long.parseLong(matcher.group(1)), 1L << shift);
      return Math.addExact(whole, wholeBytes(matcher.group(2), shift));
    } catch (ArithmeticException e) {
      throw new IllegalArgumentException("too large a size", e);
    }
  }

  /** The bytes of a part behind the point, in units of {@code 1 << shift} bytes. */
  private static long wholeBytes(String digits, int shift) {
    long part = nanos(digits);
    // A billion is 2^9 by 5^9; a unit above the byte holds the twos of it.
    long fives = NANOS >> 9;
    if (part % (shift == 0 ? NANOS : fives) != 0) {
      throw new IllegalArgumentException("no whole number of bytes");
    }
    return shift == 0 ? 0 : (part / fives) << (shift - 9);
  }

  /** The value of up to nine digits behind the point, in billionths; 0 where there are none. */
  private static long nanos(String digits) {
    return digits == null ? 0 : Long.parseLong((digits + "00000000").substring(0, 9));
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
    String unit = matcher.group(3) == null ? "s" : matcher.group(3).toLowerCase(Locale.ROOT);
    long millis =
        switch (unit) {
          case "ms" -> 1;
          case "s" -> 1000;
          case "h" -> 3_600_000;
          default -> 60_000;
        };
    long whole = Long.parseLong(matcher.group(1)) * millis;
    return Duration.ofMillis(whole + nanos(matcher.group(2)) * millis / NANOS);
  }

  /** {@code time} as {@link #parseTime} reads it: {@code 250ms}, {@code 1.5s}, {@code 90s}. */
  public static String format(Duration time) {
    long millis = time.toMillis();
    if (millis < 1000 && millis != 0) {
      return millis + "ms";
    }
    String part = Long.toString(1000 + millis % 1000).substring(1).replaceAll("0+$", "");
    return millis / 1000 + (part.isEmpty() ? "" : "." + part) + "s";
  }

  private Units() {}
}
