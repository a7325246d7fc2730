package javelin.perf.linux;

import java.util.Optional;

/**
 * A line of the guest's, {@code BENCH what the rest}.
 *
 * @param what {@code up}, {@code job}, {@code report}, {@code exchange}, {@code end} or {@code
 *     failed}
 * @param rest what follows; may be empty
 */
public record GuestSays(String what, String rest) {
  private static final String MARK = "BENCH ";

  /** What a line of the console says, if it is one of these. */
  public static Optional<GuestSays> of(String line) {
    int at = line.indexOf(MARK);
    if (at < 0) {
      return Optional.empty();
    }
    String[] words = line.substring(at + MARK.length()).strip().split(" ", 2);
    return Optional.of(new GuestSays(words[0], words.length > 1 ? words[1].strip() : ""));
  }
}
