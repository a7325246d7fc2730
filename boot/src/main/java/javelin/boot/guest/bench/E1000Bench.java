package javelin.boot.guest.bench;

import static javelin.boot.guest.asm.Mem.ptr;
import static javelin.boot.guest.asm.Reg.*;
import static javelin.boot.guest.asm.Width.*;

import javelin.boot.guest.asm.Assembler;
import javelin.boot.guest.asm.Label;
import javelin.boot.guest.assign.DeviceChecks;
import javelin.boot.guest.assign.Functions;
import javelin.boot.guest.assign.Kit;
import javelin.boot.guest.assign.PciInterrupts;
import javelin.boot.guest.runtime.GuestRuntime;

/**
 * Intel's 82540EM (e1000) and 82574L (e1000e): the status register, and the interrupt that software
 * sets. Its packets are not measured.
 */
final class E1000Bench implements DeviceChecks {
  private static final int IDS_82540EM = 0x100e_8086;
  private static final int IDS_82574L = 0x10d3_8086;
  private static final int REG_STATUS = 0x0008;
  private static final int REG_ICR = 0x00c0;
  private static final int REG_ITR = 0x00c4;
  private static final int REG_ICS = 0x00c8;
  private static final int REG_IMS = 0x00d0;
  private static final int REG_IMC = 0x00d8;
  private static final int REG_IVAR = 0x00e4;
  private static final int REG_EITR = 0x00e8;
  private static final int CAUSE_LINK = 1 << 2;
  private static final int CAUSE_OTHER = 1 << 24;
  private static final int IVAR_OTHER = 8 << 16;

  /** Longer than the device spaces its interrupts. */
  private static final int SPACING_US = 50_000;

  private final GuestRuntime r;
  private final Assembler a;
  private final PciInterrupts interrupts;
  private final RegisterRead read;
  private final OperationLoop loop;
  private final Label known;
  private final Label registers;
  private final Label acknowledge = new Label("e1000 bench acknowledge");

  E1000Bench(
      Kit kit, PciInterrupts interrupts, RegisterRead read, OperationLoop loop, Label known) {
    r = kit.r();
    a = kit.a();
    this.interrupts = interrupts;
    this.read = read;
    this.loop = loop;
    this.known = known;
    registers = r.variable("e1000BenchRegisters", 8);
  }

  @Override
  public void emit() {
    Label is = new Label("an e1000 to measure");
    Label out = new Label("no e1000 to measure");
    a.mov(EAX, ptr(RBX, Functions.IDS)).cmp(EAX, IDS_82540EM).jz(is).cmp(EAX, IDS_82574L);
    a.jnz(out).label(is).mov(RBP, ptr(RBX, Functions.REGISTERS)).mov(ptr(registers), RBP);
    a.test(RBP, RBP).jz(out).inc(DWORD, ptr(known));
    read.measure(RBP, REG_STATUS);
    interrupts.withdrawBy(acknowledge);
    a.mov(DWORD, ptr(RBP, REG_IMC), -1).mov(EAX, ptr(RBP, REG_ICR));
    a.mov(DWORD, ptr(RBP, REG_ITR), 0);
    if (loop.has(AssignCase.DOORBELL_INTX)) {
      interrupts.enableIntx();
      loop.measure(AssignCase.DOORBELL_INTX, new Raise(CAUSE_LINK), 1, OperationLoop.Way.INTERRUPT);
      interrupts.disableIntx();
      silence();
    }
    emitMsi();
    emitMsix();
    a.label(out);
  }

  private void emitMsi() {
    Label none = new Label("e1000 bench without MSI");
    Label done = new Label("e1000 bench MSI");
    a.cmp(DWORD, ptr(RBX, Functions.CAP_MSI), 0).jz(none);
    interrupts.enableMsi();
    loop.measure(AssignCase.DOORBELL_MSI, new Raise(CAUSE_LINK), 1, OperationLoop.Way.INTERRUPT);
    interrupts.disableMsi();
    silence();
    a.jmp(done).label(none);
    loop.skip(AssignCase.DOORBELL_MSI, "this adapter has no MSI");
    a.label(done);
  }

  private void emitMsix() {
    Label none = new Label("e1000 bench without MSI-X");
    Label done = new Label("e1000 bench MSI-X");
    a.cmp(DWORD, ptr(RBX, Functions.CAP_MSIX), 0).jz(none);
    interrupts.enableMsix();
    a.mov(DWORD, ptr(RBP, REG_IVAR), IVAR_OTHER).mov(DWORD, ptr(RBP, REG_EITR), 0);
    Operations raise = new Raise(CAUSE_OTHER);
    loop.measure(AssignCase.DOORBELL_MSIX, raise, 1, OperationLoop.Way.INTERRUPT);
    loop.measure(AssignCase.DOORBELL_AWAKE, raise, 1, OperationLoop.Way.INTERRUPT_AWAKE);
    silence();
    interrupts.disableMsix();
    a.jmp(done).label(none);
    loop.skip(AssignCase.DOORBELL_MSIX, "this adapter has no MSI-X");
    loop.skip(AssignCase.DOORBELL_AWAKE, "this adapter has no MSI-X");
    a.label(done);
  }

  /** The device spaces its interrupts by a timer, which must have run out before the next way. */
  private void silence() {
    a.mov(DWORD, ptr(RBP, REG_IMC), -1).mov(EAX, ptr(RBP, REG_ICR));
    r.delay(SPACING_US);
  }

  private final class Raise implements Operations {
    private final int cause;

    Raise(int cause) {
      this.cause = cause;
    }

    @Override
    public void emitPrepare() {
      a.mov(DWORD, ptr(RBP, REG_IMS), cause);
    }

    @Override
    public void emitStart() {
      // MSI-X masks the cause that it has told of.
      a.mov(DWORD, ptr(RBP, REG_IMS), cause);
    }

    @Override
    public void emitRing() {
      a.mov(DWORD, ptr(RBP, REG_ICS), cause);
    }

    @Override
    public void emitTake(Label none) {
      a.xor(R10D, R10D);
    }
  }

  @Override
  public void emitRoutines() {
    a.label(acknowledge).mov(RAX, ptr(registers)).mov(ECX, ptr(RAX, REG_ICR));
    a.mov(ptr(RAX, REG_ICR), ECX).mov(EAX, ECX).ret();
  }
}
