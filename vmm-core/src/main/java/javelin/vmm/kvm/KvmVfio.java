package javelin.vmm.kvm;

import javelin.vmm.linux.Fd;
import javelin.vmm.linux.NativeMemory;
import org.agrona.concurrent.UnsafeBuffer;

/**
 * The VM's side of VFIO (kernel documentation virt/kvm/devices/vfio.rst): while a VFIO file is
 * added, KVM keeps cache coherency and guest memory right for the devices behind it. It must be
 * added before the first device of its group is opened, and removed before it is closed.
 */
public final class KvmVfio implements AutoCloseable {
  static final int DEVICE_LENGTH = 12;
  static final int ATTRIBUTE_LENGTH = 24;

  /** KVM_DEV_TYPE_VFIO and its attributes (uapi linux/kvm.h). */
  static final int TYPE = 4;

  private static final int GROUP_FILE = 1;
  private static final int ADD = 1;
  private static final int DELETE = 2;

  private final Fd fd;

  KvmVfio(Fd fd) {
    this.fd = fd;
  }

  /** Tells KVM of a VFIO group. */
  public void add(Fd group) {
    attribute("KVM_DEV_VFIO_FILE_ADD", ADD, group);
  }

  /** Has KVM forget it. */
  public void remove(Fd group) {
    attribute("KVM_DEV_VFIO_FILE_DEL", DELETE, group);
  }

  /**
   * {@code struct kvm_device_attr}: u32 flags, u32 group, u64 attr, u64 addr, here of an s32 file.
   */
  private void attribute(String name, int attribute, Fd file) {
    UnsafeBuffer number = NativeMemory.allocate(Integer.BYTES);
    number.putInt(0, file.number());
    UnsafeBuffer request = NativeMemory.allocate(ATTRIBUTE_LENGTH);
    request.putInt(4, GROUP_FILE);
    request.putLong(8, attribute);
    request.putLong(16, number.addressOffset());
    fd.ioctl(name + " " + file.subject(), KvmIoctl.KVM_SET_DEVICE_ATTR, request.addressOffset());
  }

  @Override
  public void close() {
    fd.close();
  }
}
