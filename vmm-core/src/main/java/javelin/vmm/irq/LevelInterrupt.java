package javelin.vmm.irq;

import javelin.vmm.kvm.Irqfd;
import javelin.vmm.kvm.KvmVm;
import javelin.vmm.linux.EventFd;
import org.agrona.CloseHelper;

/**
 * A level-triggered interrupt: an eventfd that asserts a GSI inside KVM, and its resample partner,
 * which KVM signals when the guest has acknowledged and the line is deasserted; whoever asserted
 * looks then whether its cause is still there, and asserts again (KVM API,
 * KVM_IRQFD_FLAG_RESAMPLE).
 */
public final class LevelInterrupt implements AutoCloseable {
  private final EventFd trigger;
  private final EventFd resample;
  private final Irqfd irqfd;

  /** An interrupt of {@code gsi} that is not attached yet; takes ownership of both eventfds. */
  public LevelInterrupt(KvmVm vm, EventFd trigger, EventFd resample, int gsi) {
    this.trigger = trigger;
    this.resample = resample;
    irqfd = new Irqfd(vm, trigger, gsi, resample);
  }

  /** The eventfd that asserts. */
  public EventFd trigger() {
    return trigger;
  }

  /** The eventfd that tells of the guest's acknowledgement. */
  public EventFd resample() {
    return resample;
  }

  /** Connects both eventfds. */
  public void attach() {
    irqfd.attach();
  }

  /** Disconnects both; KVM deasserts the line. */
  public void detach() {
    irqfd.detach();
  }

  /** Asserts the line until the guest acknowledges. Allocates nothing. */
  public void assertLine() {
    trigger.signal();
  }

  @Override
  public void close() {
    try {
      detach();
    } finally {
      CloseHelper.closeAll(trigger, resample);
    }
  }
}
