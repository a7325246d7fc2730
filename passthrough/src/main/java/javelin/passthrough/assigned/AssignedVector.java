package javelin.passthrough.assigned;

import java.util.List;
import java.util.Objects;
import javelin.vmm.event.EventLoop;
import javelin.vmm.irq.EdgeInterrupt;
import javelin.vmm.irq.GsiRoutes;
import javelin.vmm.irq.Msi;
import javelin.vmm.linux.ErrnoException;
import javelin.vmm.linux.EventFd;
import javelin.vmm.linux.Resources;

/**
 * One message-signalled vector: the eventfd that VFIO signals is the irqfd that KVM listens to, so
 * no Java runs for an interrupt. Masking takes the irqfd off and leaves the route: signals then
 * stay in the eventfd, which is the pending bit.
 *
 * <p>The function's lock guards it.
 */
final class AssignedVector {
  private final GuestSide guest;
  private final EdgeInterrupt interrupt;
  private final boolean isRelayed;
  private Msi message;
  private boolean isLive;
  private boolean isPending;
  private EventLoop.Watch relay;

  /** A masked vector with a GSI and without a route. */
  AssignedVector(GuestSide guest, AssignOptions options) {
    this.guest = guest;
    isRelayed = !options.irqfd();
    EventFd event = guest.linux().eventFd();
    try {
      interrupt = new EdgeInterrupt(guest.vm(), event, guest.routes().allocate());
    } catch (RuntimeException e) {
      event.close();
      throw e;
    }
  }

  /** What VFIO is to signal. */
  EventFd event() {
    return interrupt.event();
  }

  /**
   * Whether {@link #route} has to be called before this message is the one delivered. Allocates
   * nothing.
   */
  boolean needsRoute(long address, int data) {
    Msi current = message;
    return current == null || current.address() != address || current.data() != data;
  }

  /** Delivers {@code wanted} from the batch's end on. */
  void route(GsiRoutes.Batch batch, Msi wanted) {
    batch.route(interrupt.gsi(), wanted);
    message = wanted;
  }

  /** Lets interrupts through, the one that waits included. By irqfd, it allocates nothing. */
  void unmask() {
    if (isLive) {
      return;
    }
    if (isPending) {
      interrupt.trigger();
      isPending = false;
    }
    if (isRelayed) {
      relay = guest.loop().watch(event().fd(), EventLoop.READABLE, events -> relay());
    } else {
      interrupt.attach();
    }
    isLive = true;
  }

  private void relay() {
    Msi current = message;
    try {
      if (event().drain() > 0 && current != null) {
        guest.vm().signalMsi(current.address(), current.data());
      }
    } catch (ErrnoException e) {
      // KVM refuses a message that no CPU takes; by irqfd it is lost without a word, as on a bus.
    }
  }

  /** Holds interrupts back. By irqfd, it allocates nothing. */
  void mask() {
    if (!isLive) {
      return;
    }
    isLive = false;
    if (isRelayed) {
      relay.close();
    } else {
      interrupt.detach();
    }
  }

  /** Raises it as the device would, for one that may have been lost. */
  void raise() {
    interrupt.trigger();
  }

  /** Whether an interrupt waits behind the mask. */
  boolean isPending() {
    if (!isLive && event().drain() > 0) {
      isPending = true;
    }
    return isPending;
  }

  /** Ends all of {@code vectors}, some of which may be null, with one change of the routes. */
  static void close(GuestSide guest, List<AssignedVector> vectors) {
    List<AssignedVector> present = vectors.stream().filter(Objects::nonNull).toList();
    if (present.isEmpty()) {
      return;
    }
    try (Resources ends = new Resources()) {
      present.forEach(vector -> ends.own(vector.interrupt));
      ends.own(
          (AutoCloseable)
              () ->
                  guest
                      .routes()
                      .update(
                          batch -> present.forEach(vector -> batch.free(vector.interrupt.gsi()))));
      present.forEach(vector -> ends.own((AutoCloseable) vector::mask));
    }
  }
}
