package javelin.boot.guest.assign;

import static javelin.boot.guest.asm.Mem.ptr;
import static javelin.boot.guest.asm.Reg.*;
import static javelin.boot.guest.asm.Width.*;

import javelin.boot.guest.asm.Assembler;
import javelin.boot.guest.asm.Cond;
import javelin.boot.guest.asm.Label;
import javelin.boot.guest.runtime.GuestRuntime;

/**
 * QEMU's edu (docs/specs/edu): registers, a computation, INTx, MSI, and DMA both ways through the
 * device's buffer.
 */
final class EduChecks implements DeviceChecks {
  private static final int IDS = 0x11e8_1234;
  private static final int IDENTIFICATION = 0x0100_00ed;
  private static final int REG_LIVENESS = 0x04;
  private static final int REG_FACTORIAL = 0x08;
  private static final int REG_STATUS = 0x20;
  private static final int REG_INTERRUPT_STATUS = 0x24;
  private static final int REG_RAISE = 0x60;
  private static final int REG_ACKNOWLEDGE = 0x64;
  private static final int REG_DMA_SOURCE = 0x80;
  private static final int REG_DMA_TARGET = 0x88;
  private static final int REG_DMA_COUNT = 0x90;
  private static final int REG_DMA_COMMAND = 0x98;
  private static final int STATUS_COMPUTING = 1;
  private static final int STATUS_INTERRUPT = 0x80;
  private static final int INTERRUPT_FACTORIAL = 1;
  private static final int INTERRUPT_DMA = 0x100;
  private static final int DMA_START = 1;
  private static final int DMA_TO_RAM = 2;
  private static final int DMA_INTERRUPT = 4;
  private static final int BUFFER = 0x4_0000;
  private static final int DMA_BYTES = 1024;
  private static final int TIMEOUT_US = 5_000_000;

  private final GuestRuntime r;
  private final Assembler a;
  private final PciInterrupts interrupts;
  private final Label registers;

  /** Interrupt status that has been acknowledged (32 bits). */
  private final Label acknowledged;

  private final Label acknowledge = new Label("edu acknowledge");
  private final Label source = new Label("edu source");
  private final Label target = new Label("edu target");

  EduChecks(Kit kit, PciInterrupts interrupts) {
    r = kit.r();
    a = kit.a();
    this.interrupts = interrupts;
    registers = r.variable("eduRegisters", 8);
    acknowledged = r.variable("eduAcknowledged", 4);
  }

  @Override
  public void emit() {
    Label out = new Label("not edu");
    a.cmp(DWORD, ptr(RBX, Functions.IDS), IDS).jnz(out);
    a.mov(RBP, ptr(RBX, Functions.REGISTERS)).mov(ptr(registers), RBP).test(RBP, RBP).jz(out);
    interrupts.withdrawBy(acknowledge);
    emitRegisters();
    emitIntx();
    emitMsi();
    emitFactorial();
    emitDma();
    interrupts.disableMsi();
    a.label(out);
  }

  private void emitRegisters() {
    r.print("  edu: identification, liveness");
    a.cmp(DWORD, ptr(RBP), IDENTIFICATION);
    r.check(Cond.E, "identification 0x010000ed");
    a.mov(DWORD, ptr(RBP, REG_LIVENESS), 0x1234_5678).mov(EAX, ptr(RBP, REG_LIVENESS));
    a.cmp(EAX, ~0x1234_5678);
    r.check(Cond.E, "liveness inverts");
    r.endLine();
  }

  private void emitIntx() {
    r.print("  edu: INTx, level-triggered");
    interrupts.enableIntx();
    r.check(Cond.NE, "edu has an interrupt pin");
    emitRaises("INTx");
    interrupts.disableIntx();
    interrupts.reportSpurious();
    r.endLine();
  }

  private void emitMsi() {
    r.print("  edu: MSI");
    a.cmp(DWORD, ptr(RBX, Functions.CAP_MSI), 0);
    r.check(Cond.NE, "edu has MSI");
    interrupts.enableMsi();
    emitRaises("MSI");
    interrupts.checkNoneSpurious();
    r.endLine();
  }

  private void emitRaises(String kind) {
    r.print(", " + PciInterrupts.ROW + " in a row");
    // Nothing of what failed before is to be in the way.
    a.call(acknowledge).mov(DWORD, ptr(acknowledged), 0);
    interrupts.expectInARow(number -> a.mov(DWORD, ptr(RBP, REG_RAISE), 1 << number), kind);
    checkAcknowledged((2 << PciInterrupts.ROW) - 2, "all causes have shown in the status");
  }

  /** Whether just {@code cause} has been acknowledged since the last time. */
  private void checkAcknowledged(int cause, String name) {
    a.mov(EAX, ptr(acknowledged)).mov(DWORD, ptr(acknowledged), 0).cmp(EAX, cause);
    r.check(Cond.E, name);
  }

  private void emitFactorial() {
    r.print("  edu: factorial by polling, by interrupt");
    a.mov(DWORD, ptr(RBP, REG_STATUS), 0).mov(DWORD, ptr(RBP, REG_FACTORIAL), 10);
    r.await(this::compareIdle, Cond.E, TIMEOUT_US);
    a.cmp(DWORD, ptr(RBP, REG_FACTORIAL), 3_628_800);
    r.check(Cond.E, "10! by polling");
    a.mov(DWORD, ptr(RBP, REG_STATUS), STATUS_INTERRUPT);
    interrupts.expectOne(
        () -> a.mov(DWORD, ptr(RBP, REG_FACTORIAL), 12), "factorial ends in one interrupt");
    checkAcknowledged(INTERRUPT_FACTORIAL, "interrupt status of the factorial");
    a.cmp(DWORD, ptr(RBP, REG_FACTORIAL), 479_001_600);
    r.check(Cond.E, "12! by interrupt");
    a.mov(DWORD, ptr(RBP, REG_STATUS), 0);
    r.endLine();
  }

  private void compareIdle() {
    a.test(DWORD, ptr(RBP, REG_STATUS), STATUS_COMPUTING);
  }

  /** A pattern to the device, with polling, and back to another place, with an interrupt. */
  private void emitDma() {
    Label fill = new Label("edu fill");
    Label compare = new Label("edu compare");
    Label differs = new Label("edu differs");
    r.print("  edu: DMA, " + DMA_BYTES + " bytes to the device and back");
    a.mov(RDI, source).mov(ECX, DMA_BYTES / 4).mov(EAX, 0x0302_01a5);
    a.label(fill).mov(ptr(RDI), EAX).mov(DWORD, ptr(RDI, DMA_BYTES), 0);
    a.add(RDI, 4).add(EAX, 0x0d0b_0705).dec(ECX).jnz(fill);

    a.mov(RAX, source);
    startDma(REG_DMA_SOURCE, REG_DMA_TARGET, DMA_START);
    r.await(this::compareDmaDone, Cond.E, TIMEOUT_US);
    compareDmaDone();
    r.check(Cond.E, "DMA from RAM ends");
    interrupts.expectOne(
        () -> {
          a.mov(RAX, target);
          startDma(REG_DMA_TARGET, REG_DMA_SOURCE, DMA_START | DMA_TO_RAM | DMA_INTERRUPT);
        },
        "DMA to RAM ends in one interrupt");
    checkAcknowledged(INTERRUPT_DMA, "interrupt status of the DMA");

    a.mov(RSI, source).mov(ECX, DMA_BYTES / 8);
    a.label(compare).mov(RAX, ptr(RSI)).cmp(RAX, ptr(RSI, DMA_BYTES)).jnz(differs);
    a.add(RSI, 8).dec(ECX).jnz(compare);
    a.label(differs).test(ECX, ECX);
    r.check(Cond.E, "what came back is what was sent");
    r.endLine();
  }

  /** Transfers between RAM at RAX and the device's buffer. */
  private void startDma(int ramRegister, int bufferRegister, int command) {
    a.mov(ptr(RBP, ramRegister), RAX).mov(QWORD, ptr(RBP, bufferRegister), BUFFER);
    a.mov(QWORD, ptr(RBP, REG_DMA_COUNT), DMA_BYTES);
    a.mov(QWORD, ptr(RBP, REG_DMA_COMMAND), command);
  }

  private void compareDmaDone() {
    a.test(DWORD, ptr(RBP, REG_DMA_COMMAND), DMA_START);
  }

  @Override
  public void emitRoutines() {
    a.label(acknowledge).mov(RAX, ptr(registers)).mov(ECX, ptr(RAX, REG_INTERRUPT_STATUS));
    a.mov(ptr(RAX, REG_ACKNOWLEDGE), ECX).or(ptr(acknowledged), ECX).mov(EAX, ECX).ret();
  }

  @Override
  public void emitRoom() {
    a.label(source).zero(DMA_BYTES).label(target).zero(DMA_BYTES);
  }
}
