package javelin.vmm.kvm;

import javelin.vmm.linux.Fd;
import javelin.vmm.linux.NativeMemory;
import org.agrona.concurrent.UnsafeBuffer;

/**
 * {@code struct kvm_msrs} (uapi linux/kvm.h): u32 nmsrs, u32 pad, then entries of u32 index, u32
 * reserved, u64 data.
 */
final class MsrList {
  private static final int HEADER_LENGTH = 8;
  private static final int ENTRY_LENGTH = 16;
  private static final int DATA_OFFSET = 8;

  private final UnsafeBuffer buffer;

  private MsrList(int count) {
    buffer = NativeMemory.allocate(HEADER_LENGTH + count * ENTRY_LENGTH);
    buffer.putInt(0, count);
  }

  static MsrList of(int index, long value) {
    MsrList list = new MsrList(1);
    list.buffer.putInt(HEADER_LENGTH, index);
    list.buffer.putLong(HEADER_LENGTH + DATA_OFFSET, value);
    return list;
  }

  /** Reads one MSR; null where KVM refuses. */
  static MsrList read(Fd vcpu, int index) {
    MsrList list = of(index, 0);
    int read = vcpu.ioctl("KVM_GET_MSRS", KvmIoctl.KVM_GET_MSRS, list.buffer.addressOffset());
    return read == 1 ? list : null;
  }

  /** Writes the MSRs; returns how many KVM took before it refused one. */
  int writeTo(Fd vcpu) {
    return vcpu.ioctl("KVM_SET_MSRS", KvmIoctl.KVM_SET_MSRS, buffer.addressOffset());
  }
}
