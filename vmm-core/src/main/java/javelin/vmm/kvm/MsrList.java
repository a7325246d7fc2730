package javelin.vmm.kvm;

import java.util.function.IntSupplier;
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

  /** Reads those of the MSRs that KVM lets be read. */
  static MsrList read(Fd vcpu, int... indices) {
    MsrList list = new MsrList(indices.length);
    for (int i = 0; i < indices.length; i++) {
      list.buffer.putInt(HEADER_LENGTH + i * ENTRY_LENGTH, indices[i]);
    }
    list.withoutRefused(
        () -> vcpu.ioctl("KVM_GET_MSRS", KvmIoctl.KVM_GET_MSRS, list.buffer.addressOffset()));
    return list;
  }

  /** Writes the MSRs; returns how many KVM took before it refused one. */
  int writeTo(Fd vcpu) {
    return vcpu.ioctl("KVM_SET_MSRS", KvmIoctl.KVM_SET_MSRS, buffer.addressOffset());
  }

  /** Writes those of the MSRs that KVM takes. */
  void writeAccepted(Fd vcpu) {
    MsrList accepted = new MsrList(buffer.getInt(0));
    accepted.buffer.putBytes(0, buffer, 0, buffer.capacity());
    accepted.withoutRefused(() -> accepted.writeTo(vcpu));
  }

  /**
   * KVM does a list up to the first MSR that it refuses and returns how many that are: without it,
   * the list is done again, the first ones once more.
   */
  private void withoutRefused(IntSupplier call) {
    int count = buffer.getInt(0);
    int done = call.getAsInt();
    while (done < count) {
      count--;
      int refused = HEADER_LENGTH + done * ENTRY_LENGTH;
      buffer.putBytes(refused, buffer, refused + ENTRY_LENGTH, (count - done) * ENTRY_LENGTH);
      buffer.putInt(0, count);
      done = call.getAsInt();
    }
  }
}
