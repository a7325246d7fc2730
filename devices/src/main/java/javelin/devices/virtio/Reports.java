package javelin.devices.virtio;

import java.util.concurrent.TimeUnit;
import java.util.function.Consumer;
import java.util.function.LongSupplier;

/**
 * Lines for the user that a guest can cause: some in a minute are passed on, the others counted.
 * Any thread may call; the object's lock guards it.
 */
public final class Reports implements Consumer<String> {
  private static final int LINES = 10;
  private static final long PERIOD_NANOS = TimeUnit.MINUTES.toNanos(1);

  private final String name;
  private final Consumer<String> target;
  private final LongSupplier clock;
  private long start;
  private int lines;
  private int dropped;

  /**
   * Lines about {@code name}.
   *
   * @param clock nanoseconds
   */
  public Reports(String name, Consumer<String> target, LongSupplier clock) {
    this.name = name;
    this.target = target;
    this.clock = clock;
    start = clock.getAsLong();
  }

  @Override
  public synchronized void accept(String line) {
    long now = clock.getAsLong();
    if (now - start >= PERIOD_NANOS) {
      if (dropped > 0) {
        target.accept(name + ": and " + dropped + " more such problems");
      }
      start = now;
      lines = 0;
      dropped = 0;
    }
    if (lines == LINES) {
      dropped++;
      return;
    }
    lines++;
    target.accept(name + ": " + line);
  }
}
