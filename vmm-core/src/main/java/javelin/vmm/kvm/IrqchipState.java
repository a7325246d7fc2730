package javelin.vmm.kvm;

import javelin.vmm.linux.Fd;
import javelin.vmm.linux.NativeMemory;
import org.agrona.concurrent.UnsafeBuffer;

/**
 * State of the in-kernel PICs, IOAPIC and timer, as opaque bytes: {@code struct kvm_irqchip} (u32
 * chip_id, u32 pad, 512 bytes) three times and {@code struct kvm_pit_state2} (uapi linux/kvm.h).
 */
public final class IrqchipState {
  static final int LENGTH = 520;
  static final int PIT_LENGTH = 112;
  private static final int CHIPS = 3;

  private final UnsafeBuffer[] chips = new UnsafeBuffer[CHIPS];
  private final UnsafeBuffer pit = NativeMemory.allocate(PIT_LENGTH);

  private IrqchipState() {
    for (int i = 0; i < CHIPS; i++) {
      chips[i] = NativeMemory.allocate(LENGTH);
      chips[i].putInt(0, i);
    }
  }

  static IrqchipState read(Fd vm) {
    IrqchipState state = new IrqchipState();
    for (UnsafeBuffer chip : state.chips) {
      vm.ioctl("KVM_GET_IRQCHIP", KvmIoctl.KVM_GET_IRQCHIP, chip.addressOffset());
    }
    vm.ioctl("KVM_GET_PIT2", KvmIoctl.KVM_GET_PIT2, state.pit.addressOffset());
    return state;
  }

  void writeTo(Fd vm) {
    for (UnsafeBuffer chip : chips) {
      vm.ioctl("KVM_SET_IRQCHIP", KvmIoctl.KVM_SET_IRQCHIP, chip.addressOffset());
    }
    vm.ioctl("KVM_SET_PIT2", KvmIoctl.KVM_SET_PIT2, pit.addressOffset());
  }
}
