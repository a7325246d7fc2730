package javelin.vmm.irq;

import javelin.vmm.kvm.Irqfd;
import javelin.vmm.kvm.KvmVm;
import javelin.vmm.linux.EventFd;

/**
 * An edge-triggered interrupt: an eventfd that raises a GSI inside KVM. A device of Javelin's
 * signals it; an assigned device's eventfd is the same one, and no Java code runs for its
 * interrupts.
 */
public final class EdgeInterrupt implements AutoCloseable {
  private final EventFd event;
  private final int gsi;
  private final Irqfd irqfd;

  /** An interrupt of {@code gsi} that is not attached yet; takes ownership of {@code event}. */
  public EdgeInterrupt(KvmVm vm, EventFd event, int gsi) {
    this.event = event;
    this.gsi = gsi;
    irqfd = new Irqfd(vm, event, gsi);
  }

  /** The eventfd, to be given to whoever raises the interrupt. */
  public EventFd event() {
    return event;
  }

  /** The GSI that it raises. */
  public int gsi() {
    return gsi;
  }

  /** Connects the eventfd; signals that it holds already are delivered now. Allocates nothing. */
  public void attach() {
    irqfd.attach();
  }

  /** Disconnects the eventfd; further signals stay in it. Allocates nothing. */
  public void detach() {
    irqfd.detach();
  }

  /** Raises the interrupt. Allocates nothing. */
  public void trigger() {
    event.signal();
  }

  @Override
  public void close() {
    try {
      detach();
    } finally {
      event.close();
    }
  }
}
