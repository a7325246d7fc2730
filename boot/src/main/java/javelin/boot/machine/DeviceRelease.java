package javelin.boot.machine;

import java.util.concurrent.TimeUnit;
import java.util.function.BooleanSupplier;
import java.util.function.Consumer;
import javelin.vmm.event.EventLoop;
import javelin.vmm.event.Timer;

/**
 * Ends the guest when the host wants one of its devices back: in good order where it listens to its
 * power button, and by force where it does not, or is not done in time.
 *
 * <p>All of it is on the event loop.
 */
final class DeviceRelease implements AutoCloseable {
  /** How long a guest may take to switch itself off. */
  static final long GRACE_NANOS = TimeUnit.SECONDS.toNanos(10);

  private final BooleanSupplier powerButton;
  private final Consumer<String> say;
  private final Timer deadline;
  private boolean isUnderWay;

  /**
   * @param powerButton presses the guest's power button; says whether the guest listens to it
   * @param stop ends the guest by force
   * @param say tells the user, a line each
   */
  DeviceRelease(EventLoop loop, BooleanSupplier powerButton, Runnable stop, Consumer<String> say) {
    this.powerButton = powerButton;
    this.say = say;
    deadline = loop.timer(stop);
  }

  /** Ends the guest for {@code device}; for a second device the deadline of the first one holds. */
  void wantedBack(String device) {
    say.accept("the host wants " + device + " back: the guest is switched off");
    if (!isUnderWay) {
      isUnderWay = true;
      deadline.armAfter(powerButton.getAsBoolean() ? GRACE_NANOS : 0);
    }
  }

  @Override
  public void close() {
    deadline.close();
  }
}
