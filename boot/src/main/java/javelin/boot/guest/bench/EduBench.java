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

/** QEMU's edu (docs/specs/edu): its identification, and the interrupt that a write raises. */
final class EduBench implements DeviceChecks, Operations {
  private static final int IDS = 0x11e8_1234;
  private static final int REG_IDENTIFICATION = 0;
  private static final int REG_INTERRUPT_STATUS = 0x24;
  private static final int REG_RAISE = 0x60;
  private static final int REG_ACKNOWLEDGE = 0x64;

  private final GuestRuntime r;
  private final Assembler a;
  private final PciInterrupts interrupts;
  private final RegisterRead read;
  private final OperationLoop loop;
  private final Label known;
  private final Label registers;
  private final Label acknowledge = new Label("edu bench acknowledge");

  EduBench(Kit kit, PciInterrupts interrupts, RegisterRead read, OperationLoop loop, Label known) {
    r = kit.r();
    a = kit.a();
    this.interrupts = interrupts;
    this.read = read;
    this.loop = loop;
    this.known = known;
    registers = r.variable("eduBenchRegisters", 8);
  }

  @Override
  public void emit() {
    Label out = new Label("not edu to measure");
    a.cmp(DWORD, ptr(RBX, Functions.IDS), IDS).jnz(out);
    a.mov(RBP, ptr(RBX, Functions.REGISTERS)).mov(ptr(registers), RBP).test(RBP, RBP).jz(out);
    a.inc(DWORD, ptr(known));
    read.measure(RBP, REG_IDENTIFICATION);
    interrupts.withdrawBy(acknowledge);
    a.call(acknowledge);
    interrupts.enableIntx();
    loop.measure(AssignCase.DOORBELL_INTX, this, 1, OperationLoop.Way.INTERRUPT);
    interrupts.disableIntx();
    interrupts.enableMsi();
    loop.measure(AssignCase.DOORBELL_MSI, this, 1, OperationLoop.Way.INTERRUPT);
    loop.measure(AssignCase.DOORBELL_AWAKE, this, 1, OperationLoop.Way.INTERRUPT_AWAKE);
    interrupts.disableMsi();
    loop.skip(AssignCase.DOORBELL_MSIX, "edu has no MSI-X");
    a.label(out);
  }

  @Override
  public void emitStart() {}

  @Override
  public void emitRing() {
    a.mov(DWORD, ptr(RBP, REG_RAISE), 1);
  }

  @Override
  public void emitTake(Label none) {
    a.xor(R10D, R10D);
  }

  /** EAX = the causes, which the device has no more; it is the interrupts' routine as well. */
  @Override
  public void emitRoutines() {
    a.label(acknowledge).mov(RAX, ptr(registers)).mov(ECX, ptr(RAX, REG_INTERRUPT_STATUS));
    a.mov(ptr(RAX, REG_ACKNOWLEDGE), ECX).mov(EAX, ECX).ret();
  }
}
