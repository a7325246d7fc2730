package javelin.vmm.irq;

import java.util.Objects;
import javelin.vmm.kvm.KvmVm;
import javelin.vmm.linux.NativeMemory;
import org.agrona.concurrent.UnsafeBuffer;

/** Wires to the in-kernel interrupt controllers, by KVM_IRQ_LINE. */
public final class IrqLines {
  private static final int COUNT = 24;
  private static final int IRQ_LEVEL_LENGTH = 8;
  private static final int LEVELS = 2;

  private final KvmVm vm;

  /** For each line, the requests for its two levels. */
  private final UnsafeBuffer requests = NativeMemory.allocate(COUNT * LEVELS * IRQ_LEVEL_LENGTH);

  /** Wires to the controllers of {@code vm}. */
  public IrqLines(KvmVm vm) {
    this.vm = vm;
  }

  /**
   * The wire to {@code gsi}: 0 to 15 reach the PICs and the IOAPIC, 16 to 23 the IOAPIC only.
   *
   * <p>The two requests that it can make are made once: {@code struct kvm_irq_level} is u32 irq,
   * u32 level (uapi linux/kvm.h).
   */
  public IrqLine line(int gsi) {
    long inactive = request(gsi, 0);
    long active = request(gsi, 1);
    return isActive -> vm.irqLine(isActive ? active : inactive);
  }

  private long request(int gsi, int level) {
    int at = (Objects.checkIndex(gsi, COUNT) * LEVELS + level) * IRQ_LEVEL_LENGTH;
    requests.putInt(at, gsi);
    requests.putInt(at + Integer.BYTES, level);
    return requests.addressOffset() + at;
  }
}
