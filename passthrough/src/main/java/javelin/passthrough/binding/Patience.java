package javelin.passthrough.binding;

import java.time.Duration;
import java.util.function.BooleanSupplier;

/**
 * How long to wait for what the kernel and udev do in their own time.
 *
 * @param node for /dev/vfio/GROUP to appear after a device is bound
 * @param netdev for a network interface to appear, under its name, after a device is given back
 */
record Patience(Duration node, Duration netdev) {
  private static final long POLL_MILLIS = 10;

  /** Enough for a busy host. */
  static final Patience USUAL = new Patience(Duration.ofSeconds(5), Duration.ofSeconds(3));

  /**
   * Waits until {@code condition} holds. An interrupt is kept for later: the wait is bounded, and
   * half a binding helps nobody.
   *
   * @return whether it held within {@code limit}
   */
  static boolean await(Duration limit, BooleanSupplier condition) {
    long end = System.nanoTime() + limit.toNanos();
    boolean interrupted = false;
    boolean holds = condition.getAsBoolean();
    while (!holds && System.nanoTime() < end) {
      try {
        Thread.sleep(POLL_MILLIS);
      } catch (InterruptedException e) {
        interrupted = true;
      }
      holds = condition.getAsBoolean();
    }
    if (interrupted) {
      Thread.currentThread().interrupt();
    }
    return holds;
  }
}
