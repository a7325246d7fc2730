package javelin.vmm.kvm;

import javelin.vmm.linux.EventFd;

/**
 * An eventfd that raises a GSI without user space: {@code struct kvm_irqfd} (uapi linux/kvm.h),
 * made once, so that connecting and disconnecting allocate nothing.
 *
 * <pre>
 *  0      4      8      12          16
 *  +------+------+------+-----------+---------+
 *  |  fd  | gsi  | flags| resamplefd| pad[16] |
 *  +------+------+------+-----------+---------+
 * </pre>
 *
 * <p>Any thread may connect and disconnect it; its lock guards whether it is connected.
 */
public final class Irqfd extends KernelStruct {
  static final int LENGTH = 32;

  private static final int FD = 0;
  private static final int GSI = 4;
  private static final int FLAGS = 8;
  private static final int RESAMPLE_FD = 12;

  /** KVM_IRQFD_FLAG_*. */
  private static final int DEASSIGN = 1;

  private static final int RESAMPLE = 1 << 1;

  private final KvmVm vm;
  private final EventFd event;
  private final int flags;
  private boolean attached;

  /** {@code event} is to raise {@code gsi} as an edge; it is not connected yet. */
  public Irqfd(KvmVm vm, EventFd event, int gsi) {
    this(vm, event, gsi, 0);
  }

  /**
   * {@code event} is to assert {@code gsi}; when the guest acknowledges, KVM deasserts it and
   * signals {@code resample}. It is not connected yet.
   */
  public Irqfd(KvmVm vm, EventFd event, int gsi, EventFd resample) {
    this(vm, event, gsi, RESAMPLE);
    buffer().putInt(RESAMPLE_FD, resample.fd().number());
  }

  private Irqfd(KvmVm vm, EventFd event, int gsi, int flags) {
    super(LENGTH);
    this.vm = vm;
    this.event = event;
    this.flags = flags;
    buffer().putInt(GSI, gsi);
  }

  /** Connects the eventfd, if it is not; signals that it holds already are delivered now. */
  public synchronized void attach() {
    if (!attached) {
      request(flags);
      attached = true;
    }
  }

  /** Disconnects it, if it is connected; further signals stay in it. */
  public synchronized void detach() {
    if (attached) {
      attached = false;
      request(DEASSIGN);
    }
  }

  private void request(int withFlags) {
    // A closed descriptor has no number any more, and its old one may be another's.
    buffer().putInt(FD, event.fd().number());
    buffer().putInt(FLAGS, withFlags);
    vm.irqfd(this);
  }
}
