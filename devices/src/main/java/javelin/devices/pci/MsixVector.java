package javelin.devices.pci;

import javelin.vmm.irq.EdgeInterrupt;
import javelin.vmm.irq.GsiRoutes;
import javelin.vmm.irq.Msi;
import javelin.vmm.kvm.KvmVm;
import javelin.vmm.linux.EventFd;
import javelin.vmm.linux.Linux;

/**
 * One vector of an emulated function: an eventfd of its own, with a GSI of its own. Masking takes
 * the irqfd off and leaves the route: signals then stay in the eventfd, which is the pending bit.
 *
 * <p>{@link #signal} is for any thread; the rest is guarded by the lock of {@link Msix}.
 */
final class MsixVector implements AutoCloseable {
  private final EdgeInterrupt interrupt;
  private Msi message;
  private boolean isLive;
  private boolean isPending;

  /** A masked vector without a route. */
  MsixVector(Linux linux, KvmVm vm, GsiRoutes routes) {
    EventFd event = linux.eventFd();
    try {
      interrupt = new EdgeInterrupt(vm, event, routes.allocate());
    } catch (RuntimeException e) {
      event.close();
      throw e;
    }
  }

  /** The GSI that its route is of. */
  int gsi() {
    return interrupt.gsi();
  }

  /** What raises it. */
  EventFd event() {
    return interrupt.event();
  }

  /** Raises it. Allocates nothing. */
  void signal() {
    interrupt.trigger();
  }

  /** Whether {@link #route} has to be called before this message is the one delivered. */
  boolean needsRoute(long address, int data) {
    Msi current = message;
    return current == null || current.address() != address || current.data() != data;
  }

  /** Has {@code wanted} delivered from the batch's end on. */
  void route(GsiRoutes.Batch batch, Msi wanted) {
    batch.route(interrupt.gsi(), wanted);
  }

  /** The batch is committed. */
  void routed(Msi wanted) {
    message = wanted;
  }

  /** Lets interrupts through, the one that waits included. Allocates nothing. */
  void unmask() {
    if (isLive) {
      return;
    }
    if (isPending) {
      interrupt.trigger();
      isPending = false;
    }
    interrupt.attach();
    isLive = true;
  }

  /** Holds interrupts back. Allocates nothing. */
  void mask() {
    if (isLive) {
      isLive = false;
      interrupt.detach();
    }
  }

  /** Masks it and forgets what waits. */
  void reset() {
    mask();
    interrupt.event().drain();
    isPending = false;
  }

  /** Whether an interrupt waits behind the mask. */
  boolean isPending() {
    if (!isLive && interrupt.event().drain() > 0) {
      isPending = true;
    }
    return isPending;
  }

  /** Masks it and closes the eventfd; its route is then to be freed. */
  @Override
  public void close() {
    interrupt.close();
  }
}
