package javelin.vmm.kvm;

/** {@code struct kvm_userspace_memory_region} (uapi linux/kvm.h, 32 bytes). */
final class MemorySlot extends KernelStruct {
  static final int LENGTH = 32;
  private static final int SLOT_OFFSET = 0;
  private static final int FLAGS_OFFSET = 4;
  private static final int GUEST_ADDRESS_OFFSET = 8;
  private static final int SIZE_OFFSET = 16;
  private static final int HOST_ADDRESS_OFFSET = 24;

  MemorySlot(int slot, int flags, long guestAddress, long size, long hostAddress) {
    super(LENGTH);
    buffer().putInt(SLOT_OFFSET, slot);
    buffer().putInt(FLAGS_OFFSET, flags);
    buffer().putLong(GUEST_ADDRESS_OFFSET, guestAddress);
    buffer().putLong(SIZE_OFFSET, size);
    buffer().putLong(HOST_ADDRESS_OFFSET, hostAddress);
  }
}
