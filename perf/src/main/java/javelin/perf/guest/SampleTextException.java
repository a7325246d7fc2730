package javelin.perf.guest;

/** A guest's text of samples is not as it should be; the message quotes the line. */
public final class SampleTextException extends RuntimeException {
  private static final long serialVersionUID = 1;
  private static final int QUOTED = 60;

  SampleTextException(String cause, String line) {
    super("the guest's measurements: " + cause + ": " + quoted(line));
  }

  private static String quoted(String line) {
    String start = line.length() > QUOTED ? line.substring(0, QUOTED) + "..." : line;
    return '"' + start.replaceAll("[^ -~]", "?") + '"';
  }
}
