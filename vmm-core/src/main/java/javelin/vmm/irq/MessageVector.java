package javelin.vmm.irq;

import javelin.vmm.kvm.KvmVm;
import javelin.vmm.linux.EventFd;
import javelin.vmm.linux.Linux;

/**
 * One message-signalled vector of a function: an eventfd of its own, with a GSI of its own. What
 * signals the eventfd is the irqfd that KVM listens to, so no Java runs for an interrupt. Masking
 * takes the irqfd off and leaves the route: signals then stay in the eventfd, which is the pending
 * bit.
 *
 * <p>{@link #signal} is for any thread; the rest is guarded by a lock of the function's.
 */
public class MessageVector implements AutoCloseable {
  private final EdgeInterrupt interrupt;
  private Msi message;
  private boolean isLive;
  private boolean isPending;

  /** A masked vector without a route. */
  public MessageVector(Linux linux, KvmVm vm, GsiRoutes routes) {
    EventFd event = linux.eventFd();
    try {
      interrupt = new EdgeInterrupt(vm, event, routes.allocate());
    } catch (RuntimeException e) {
      event.close();
      throw e;
    }
  }

  /** The GSI that its route is of. */
  public final int gsi() {
    return interrupt.gsi();
  }

  /** What raises it. */
  public final EventFd event() {
    return interrupt.event();
  }

  /** Raises it. Allocates nothing. */
  public final void signal() {
    interrupt.trigger();
  }

  /**
   * Whether {@link #route} has to be called before this message is the one delivered. Allocates
   * nothing.
   */
  public final boolean needsRoute(long address, int data) {
    Msi current = message;
    return current == null || current.address() != address || current.data() != data;
  }

  /** Has {@code wanted} delivered from the batch's end on. */
  public void route(GsiRoutes.Batch batch, Msi wanted) {
    batch.route(interrupt.gsi(), wanted);
  }

  /** The batch is committed. */
  public final void routed(Msi wanted) {
    message = wanted;
  }

  /** Lets interrupts through, the one that waits included. Allocates nothing by irqfd. */
  public final void unmask() {
    if (isLive) {
      return;
    }
    if (isPending) {
      interrupt.trigger();
      isPending = false;
    }
    attach();
    isLive = true;
  }

  /** Holds interrupts back. Allocates nothing by irqfd. */
  public final void mask() {
    if (isLive) {
      isLive = false;
      detach();
    }
  }

  /** Has signals raise the interrupt. */
  protected void attach() {
    interrupt.attach();
  }

  /** Leaves signals in the eventfd. */
  protected void detach() {
    interrupt.detach();
  }

  /** What is delivered; null for nothing yet. */
  protected final Msi message() {
    return message;
  }

  /** Masks it and forgets what waits. */
  public final void reset() {
    mask();
    interrupt.event().drain();
    isPending = false;
  }

  /** Whether an interrupt waits behind the mask. */
  public final boolean isPending() {
    if (!isLive && interrupt.event().drain() > 0) {
      isPending = true;
    }
    return isPending;
  }

  /** Masks it and closes the eventfd; its route is then to be freed. */
  @Override
  public void close() {
    try {
      mask();
    } finally {
      interrupt.close();
    }
  }
}
