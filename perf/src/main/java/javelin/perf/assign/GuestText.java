package javelin.perf.assign;

import java.util.ArrayDeque;
import java.util.Deque;
import java.util.stream.Collectors;
import javelin.devices.console.SerialBackend;
import javelin.perf.guest.ConsoleLines;
import javelin.perf.guest.SampleText;
import javelin.perf.guest.SampleTextException;

/**
 * The console of a measuring guest: its samples, and the last lines that it has said to people. A
 * guest that breaks the form is ended.
 *
 * <p>The vCPU's thread writes; to be read once the guest has ended.
 */
final class GuestText implements SerialBackend {
  private static final int KEPT = 12;

  private final SampleText samples;
  private final Runnable end;
  private final Deque<String> last = new ArrayDeque<>();
  private final ConsoleLines lines = new ConsoleLines(SampleText.LONGEST_LINE + 2, this::accept);
  private SampleTextException mistake;

  /**
   * @param most samples in all
   * @param end ends the guest
   */
  GuestText(int most, Runnable end) {
    samples = new SampleText(most);
    this.end = end;
  }

  private void accept(String line) {
    if (mistake != null) {
      return;
    }
    if (!line.startsWith("@")) {
      if (last.size() == KEPT) {
        last.removeFirst();
      }
      last.addLast(line);
      return;
    }
    try {
      samples.accept(line);
    } catch (SampleTextException e) {
      mistake = e;
      end.run();
    }
  }

  SampleText samples() {
    return samples;
  }

  /** What the guest has done wrong in its text; null for nothing. */
  SampleTextException mistake() {
    return mistake;
  }

  /** The last line with a failure, else the last line that says something. */
  String lastWords() {
    String words =
        last.stream()
            .filter(line -> line.contains("FAILED"))
            .reduce((first, second) -> second)
            .orElseGet(
                () ->
                    last.stream()
                        .filter(line -> !line.isBlank())
                        .collect(Collectors.joining(" / ")));
    return words.isEmpty() ? "it has said nothing" : words.strip();
  }

  @Override
  public void attach(Port port) {}

  @Override
  public synchronized boolean write(int value) {
    lines.accept((byte) value);
    return true;
  }

  @Override
  public void inputWanted() {}

  @Override
  public void close() {}
}
