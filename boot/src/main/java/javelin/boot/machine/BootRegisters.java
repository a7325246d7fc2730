package javelin.boot.machine;

import javelin.boot.kernel.BootState;
import javelin.vmm.kvm.KvmRegs;
import javelin.vmm.kvm.KvmRegs.Register;
import javelin.vmm.kvm.KvmSegment;
import javelin.vmm.kvm.KvmSregs;
import javelin.vmm.kvm.KvmSregs.Segment;
import javelin.vmm.kvm.KvmVcpu;

/** Puts the boot CPU into the state that a loaded kernel expects. */
public final class BootRegisters {
  private static final long CR0_PE = 1;
  private static final long CR0_ET = 1 << 4;
  private static final long CR0_PG = 1L << 31;
  private static final long CR4_PAE = 1 << 5;
  private static final long EFER_LME = 1 << 8;
  private static final long EFER_LMA = 1 << 10;
  private static final long RFLAGS_ALWAYS_ONE = 2;
  private static final Segment[] DATA_SEGMENTS = {
    Segment.DS, Segment.ES, Segment.FS, Segment.GS, Segment.SS
  };

  /** Sets the registers of {@code vcpu}, which has not run yet. */
  public static void apply(KvmVcpu vcpu, BootState state) {
    boolean is64Bit = state.mode() == BootState.Mode.LONG_64;
    KvmSregs sregs = vcpu.sregs();
    sregs.segment(Segment.CS, KvmSegment.flatCode(BootState.CODE_SELECTOR, is64Bit));
    for (Segment segment : DATA_SEGMENTS) {
      sregs.segment(segment, KvmSegment.flatData(BootState.DATA_SELECTOR));
    }
    sregs.segment(Segment.TR, KvmSegment.tss(BootState.TASK_SELECTOR));
    sregs.gdt(state.gdtBase(), state.gdtLimit()).idt(0, 0);
    sregs.cr3(state.cr3());
    if (is64Bit) {
      sregs.cr0(CR0_PE | CR0_ET | CR0_PG).cr4(CR4_PAE).efer(EFER_LME | EFER_LMA);
    } else {
      sregs.cr0(CR0_PE | CR0_ET).cr4(0).efer(0);
    }
    vcpu.sregs(sregs);
    vcpu.regs(
        new KvmRegs()
            .set(Register.RIP, state.rip())
            .set(Register.RAX, state.rax())
            .set(Register.RBX, state.rbx())
            .set(Register.RSI, state.rsi())
            .set(Register.RFLAGS, RFLAGS_ALWAYS_ONE));
  }

  private BootRegisters() {}
}
