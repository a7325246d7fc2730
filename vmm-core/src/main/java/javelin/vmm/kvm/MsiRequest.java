package javelin.vmm.kvm;

/**
 * Message-signalled interrupts by ioctl: {@code struct kvm_msi} (uapi linux/kvm.h), made once, so
 * that sending allocates nothing. For one thread.
 *
 * <pre>
 *  0            4            8      12      16         20
 *  +------------+------------+------+-------+----------+---------+
 *  | address_lo | address_hi | data | flags |  devid   | pad[12] |
 *  +------------+------------+------+-------+----------+---------+
 * </pre>
 */
public final class MsiRequest extends KernelStruct {
  static final int LENGTH = 32;

  private static final int ADDRESS_LOW = 0;
  private static final int ADDRESS_HIGH = 4;
  private static final int DATA = 8;

  private final KvmVm vm;

  /** A request to {@code vm}. */
  public MsiRequest(KvmVm vm) {
    super(LENGTH);
    this.vm = vm;
  }

  /**
   * Delivers one message.
   *
   * @return whether a vCPU took it; false where the guest blocks it
   */
  public boolean signal(long address, int data) {
    buffer().putInt(ADDRESS_LOW, (int) address);
    buffer().putInt(ADDRESS_HIGH, (int) (address >>> Integer.SIZE));
    buffer().putInt(DATA, data);
    return vm.signalMsi(this);
  }
}
