package javelin.perf.bench;

import java.util.Optional;
import java.util.concurrent.TimeUnit;
import java.util.function.Supplier;

/** Waits for what the host takes its time for, such as the driver of a device that it has back. */
public final class HostWait {
  private static final long PATIENCE_NANOS = TimeUnit.SECONDS.toNanos(20);
  private static final long STEP_MILLIS = 50;

  private HostWait() {}

  /** What {@code look} finds, once it does; empty where it has not found anything in 20 seconds. */
  public static <T> Optional<T> until(Supplier<Optional<T>> look) throws InterruptedException {
    long end = System.nanoTime() + PATIENCE_NANOS;
    while (true) {
      Optional<T> found = look.get();
      if (found.isPresent() || System.nanoTime() - end > 0) {
        return found;
      }
      Thread.sleep(STEP_MILLIS);
    }
  }
}
