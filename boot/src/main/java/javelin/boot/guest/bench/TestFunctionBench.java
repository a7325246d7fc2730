package javelin.boot.guest.bench;

import static javelin.boot.guest.asm.Mem.ptr;
import static javelin.boot.guest.asm.Reg.*;
import static javelin.boot.guest.asm.Width.*;

import javelin.boot.guest.asm.Assembler;
import javelin.boot.guest.asm.Label;
import javelin.boot.guest.assign.Bars;
import javelin.boot.guest.assign.DeviceChecks;
import javelin.boot.guest.assign.Functions;
import javelin.boot.guest.assign.Kit;
import javelin.boot.guest.assign.PciInterrupts;
import javelin.boot.guest.runtime.GuestRuntime;

/**
 * Javelin's own test function, 1234:4a58: a word of its memory BAR, which can be mapped, the level
 * of its pin, and the MSI-X vector that a write sends.
 */
final class TestFunctionBench implements DeviceChecks {
  private static final int IDS = 0x4a58_1234;
  private static final int REG_SEND = 0x08;
  private static final int REG_LEVEL = 0x0c;
  private static final int REGISTERS_ENTRY = Functions.BARS + Bars.ENTRY_BYTES;

  private final GuestRuntime r;
  private final Assembler a;
  private final PciInterrupts interrupts;
  private final RegisterRead read;
  private final OperationLoop loop;
  private final Label known;
  private final Label registers;
  private final Label withdraw = new Label("test function bench withdraw");

  TestFunctionBench(
      Kit kit, PciInterrupts interrupts, RegisterRead read, OperationLoop loop, Label known) {
    r = kit.r();
    a = kit.a();
    this.interrupts = interrupts;
    this.read = read;
    this.loop = loop;
    this.known = known;
    registers = r.variable("testBenchRegisters", 8);
  }

  @Override
  public void emit() {
    Label out = new Label("no test function to measure");
    a.cmp(DWORD, ptr(RBX, Functions.IDS), IDS).jnz(out).inc(DWORD, ptr(known));
    a.mov(RBP, ptr(RBX, Functions.REGISTERS));
    read.measure(RBP, 0);
    a.mov(RBP, ptr(RBX, REGISTERS_ENTRY + Bars.ADDRESS)).mov(ptr(registers), RBP);
    interrupts.withdrawBy(withdraw);
    interrupts.enableIntx();
    loop.measure(AssignCase.DOORBELL_INTX, new Write(REG_LEVEL, 1), 1, OperationLoop.Way.INTERRUPT);
    interrupts.disableIntx();
    interrupts.withdrawNothing();
    interrupts.enableMsix();
    Operations send = new Write(REG_SEND, 0);
    loop.measure(AssignCase.DOORBELL_MSIX, send, 1, OperationLoop.Way.INTERRUPT);
    loop.measure(AssignCase.DOORBELL_AWAKE, send, 1, OperationLoop.Way.INTERRUPT_AWAKE);
    interrupts.disableMsix();
    loop.skip(AssignCase.DOORBELL_MSI, "this function has no MSI");
    a.label(out);
  }

  private final class Write implements Operations {
    private final int register;
    private final int value;

    Write(int register, int value) {
      this.register = register;
      this.value = value;
    }

    @Override
    public void emitStart() {}

    @Override
    public void emitRing() {
      a.mov(DWORD, ptr(RBP, register), value);
    }

    @Override
    public void emitTake(Label none) {
      a.xor(R10D, R10D);
    }
  }

  @Override
  public void emitRoutines() {
    a.label(withdraw).mov(RAX, ptr(registers)).mov(ECX, ptr(RAX, REG_LEVEL));
    a.mov(DWORD, ptr(RAX, REG_LEVEL), 0).mov(EAX, ECX).ret();
  }
}
