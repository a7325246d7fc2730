package javelin.boot.machine;

import java.util.Locale;
import java.util.concurrent.TimeUnit;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/** The option {@code poll=TIME} of devices whose queues can be looked at for more requests. */
final class PollTime {
  /** The longest time, in nanoseconds. */
  private static final long MOST = TimeUnit.MILLISECONDS.toNanos(1);

  private static final Pattern TEXT = Pattern.compile("(\\d{1,4})(us|ms)");

  private PollTime() {}

  /**
   * Nanoseconds of {@code text}; 0 where it is null.
   *
   * @throws IllegalArgumentException whose message says what is wrong with it
   */
  static long parse(String text) {
    if (text == null) {
      return 0;
    }
    Matcher matcher = TEXT.matcher(text.toLowerCase(Locale.ROOT));
    if (matcher.matches()) {
      TimeUnit unit = matcher.group(2).equals("us") ? TimeUnit.MICROSECONDS : TimeUnit.MILLISECONDS;
      long nanos = unit.toNanos(Long.parseLong(matcher.group(1)));
      if (nanos >= 1 && nanos <= MOST) {
        return nanos;
      }
    }
    throw new IllegalArgumentException("poll is 1us to 1ms, as in 50us");
  }
}
