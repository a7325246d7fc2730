package javelin.passthrough.assigned;

import java.util.List;
import java.util.Objects;
import javelin.vmm.event.EventLoop;
import javelin.vmm.irq.GsiRoutes;
import javelin.vmm.irq.MessageVector;
import javelin.vmm.irq.Msi;
import javelin.vmm.kvm.MsiRequest;
import javelin.vmm.linux.ErrnoException;
import javelin.vmm.linux.Resources;

/**
 * One message-signalled vector of an assigned function, whose eventfd VFIO signals. It may be told
 * to relay each interrupt through Javelin, to compare the paths.
 *
 * <p>The function's lock guards it.
 */
final class AssignedVector extends MessageVector {
  private final GuestSide guest;
  private final boolean isRelayed;

  /** For the loop's thread. */
  private final MsiRequest relayed;

  private EventLoop.Watch relay;

  /** A masked vector with a GSI and without a route. */
  AssignedVector(GuestSide guest, AssignOptions options) {
    super(guest.linux(), guest.vm(), guest.routes());
    this.guest = guest;
    isRelayed = !options.irqfd();
    relayed = isRelayed ? new MsiRequest(guest.vm()) : null;
  }

  /** Delivers {@code wanted} from the batch's end on. */
  @Override
  public void route(GsiRoutes.Batch batch, Msi wanted) {
    super.route(batch, wanted);
    routed(wanted);
  }

  @Override
  protected void attach() {
    if (isRelayed) {
      relay = guest.loop().watch(event().fd(), EventLoop.READABLE, events -> relay());
    } else {
      super.attach();
    }
  }

  @Override
  protected void detach() {
    if (isRelayed) {
      relay.close();
    } else {
      super.detach();
    }
  }

  private void relay() {
    Msi current = message();
    try {
      if (event().drain() > 0 && current != null) {
        relayed.signal(current.address(), current.data());
      }
    } catch (ErrnoException e) {
      // KVM refuses a message that no CPU takes; by irqfd it is lost without a word, as on a bus.
    }
  }

  /** Ends all of {@code vectors}, some of which may be null, with one change of the routes. */
  static void close(GuestSide guest, List<AssignedVector> vectors) {
    List<AssignedVector> present = vectors.stream().filter(Objects::nonNull).toList();
    if (present.isEmpty()) {
      return;
    }
    try (Resources ends = new Resources()) {
      present.forEach(ends::own);
      ends.own(
          (AutoCloseable)
              () ->
                  guest
                      .routes()
                      .update(batch -> present.forEach(vector -> batch.free(vector.gsi()))));
      present.forEach(vector -> ends.own((AutoCloseable) vector::mask));
    }
  }
}
