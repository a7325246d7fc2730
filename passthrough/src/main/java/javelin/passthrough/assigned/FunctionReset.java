package javelin.passthrough.assigned;

import java.util.function.Consumer;
import javelin.passthrough.host.NoReset;
import javelin.passthrough.vfio.HotReset;
import javelin.passthrough.vfio.VfioDevice;
import javelin.passthrough.vfio.VfioException;
import javelin.vmm.linux.ErrnoException;

/**
 * Resets an assigned function: by itself where VFIO can, and else with its bus or slot, if nothing
 * there is anybody else's.
 */
final class FunctionReset {
  private final VfioDevice device;
  private final Consumer<String> problems;

  /**
   * @param problems told, in a line, what could not be reset
   */
  FunctionReset(VfioDevice device, Consumer<String> problems) {
    this.device = device;
    this.problems = problems;
  }

  /**
   * Has the guest start with a function that is reset. One that can be reset by itself is: the
   * kernel did that when it was opened, and says that it can because it could then.
   *
   * @param allowNone whether the guest may start where that cannot be
   * @throws VfioException where it cannot be
   */
  void beforeGuest(boolean allowNone) {
    if (device.canReset()) {
      return;
    }
    HotReset hot = device.hotReset();
    try {
      if (hot.isAllowed()) {
        device.resetBus();
      } else if (!allowNone) {
        throw new VfioException(none(hot).text());
      }
    } catch (ErrnoException e) {
      NoReset failed = NoReset.failed(device.name(), e.getMessage());
      if (!allowNone) {
        throw new VfioException(failed.text(), e);
      }
      problems.accept(device.name() + ": " + failed.problem());
    }
  }

  private NoReset none(HotReset hot) {
    // Whether the bus is a root bus, only the host's files would tell.
    return hot.isThere()
        ? NoReset.onlyWith(device.name(), hot.foreign())
        : NoReset.noWay(device.name(), device.resetter());
  }

  /** Resets the function as far as it can be; what fails is told. */
  void run() {
    ErrnoException failure = null;
    try {
      if (device.canReset()) {
        device.reset();
        return;
      }
    } catch (ErrnoException e) {
      failure = e;
    }
    try {
      if (device.hotReset().isAllowed()) {
        device.resetBus();
        return;
      }
    } catch (ErrnoException e) {
      failure = e;
    }
    if (failure != null) {
      problems.accept(device.name() + " is not reset: " + failure.getMessage());
    }
  }
}
