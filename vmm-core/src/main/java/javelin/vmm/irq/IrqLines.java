package javelin.vmm.irq;

import javelin.vmm.kvm.KvmVm;
import javelin.vmm.linux.NativeMemory;
import org.agrona.concurrent.UnsafeBuffer;

/** Wires to the in-kernel interrupt controllers, by KVM_IRQ_LINE. */
public final class IrqLines {
  private static final int IRQ_LEVEL_LENGTH = 8;

  private final KvmVm vm;

  /** Wires to the controllers of {@code vm}. */
  public IrqLines(KvmVm vm) {
    this.vm = vm;
  }

  /**
   * The wire to {@code gsi}: 0 to 15 reach the PICs and the IOAPIC, 16 to 23 the IOAPIC only.
   *
   * <p>Each wire holds the two requests that it can make, made once: {@code struct kvm_irq_level}
   * is u32 irq, u32 level (uapi linux/kvm.h).
   */
  public IrqLine line(int gsi) {
    UnsafeBuffer active = level(gsi, 1);
    UnsafeBuffer inactive = level(gsi, 0);
    return isActive -> vm.irqLine((isActive ? active : inactive).addressOffset());
  }

  private static UnsafeBuffer level(int gsi, int level) {
    UnsafeBuffer request = NativeMemory.allocate(IRQ_LEVEL_LENGTH);
    request.putInt(0, gsi);
    request.putInt(Integer.BYTES, level);
    return request;
  }
}
