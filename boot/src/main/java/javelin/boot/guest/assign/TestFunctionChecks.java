package javelin.boot.guest.assign;

import static javelin.boot.guest.asm.Mem.ptr;
import static javelin.boot.guest.asm.Reg.*;
import static javelin.boot.guest.asm.Width.*;

import javelin.boot.guest.asm.Assembler;
import javelin.boot.guest.asm.Cond;
import javelin.boot.guest.asm.Label;
import javelin.boot.guest.runtime.GuestRuntime;

/**
 * Javelin's own test function, 1234:4a58, which its tests assign in place of a host's device. BAR 0
 * is memory, BAR 2 registers and the MSI-X table, BAR 4 ports.
 *
 * <p>Registers, 32 bits each: 0x00 identification; 0x04 scratch, which ports and 0x1ff0 show as
 * well, and a reset clears; 0x08 sends the MSI-X vector written; 0x0c is the level of INTA; 0x10
 * and 0x14 are doorbells, the second of one value only, 0x18 and 0x1c count how often they were
 * rung. Port 4 is the first doorbell, too.
 */
final class TestFunctionChecks implements DeviceChecks {
  private static final int IDS = 0x4a58_1234;
  private static final int IDENTIFICATION = 0x4d53_495a;
  private static final int REG_SCRATCH = 0x04;
  private static final int REG_SEND = 0x08;
  private static final int REG_LEVEL = 0x0c;
  private static final int REG_BELL = 0x10;
  private static final int REG_MATCHED_BELL = 0x14;
  private static final int REG_BELL_COUNT = 0x18;
  private static final int REG_MATCHED_BELL_COUNT = 0x1c;
  private static final int PORT_BELL = 4;
  private static final int BELL_VALUE = 0x5249_4e47;
  private static final int RINGS = 20;
  private static final int REG_SCRATCH_BESIDE_TABLE = 0x1ff0;
  private static final int REGISTERS_ENTRY = Functions.BARS + Bars.ENTRY_BYTES;
  private static final int WORDS = 32;

  /** Vectors that are tried: the first, those around each 64 pending bits, the last. */
  private static final int[] VECTORS = {0, 1, 63, 64, 79};

  private static final int MASKED_VECTOR = 64;

  private final GuestRuntime r;
  private final Assembler a;
  private final FunctionChecks generic;
  private final PciInterrupts interrupts;
  private final Label registers;
  private final Label withdraw = new Label("test function withdraw");

  TestFunctionChecks(Kit kit, FunctionChecks generic, PciInterrupts interrupts) {
    r = kit.r();
    a = kit.a();
    this.generic = generic;
    this.interrupts = interrupts;
    registers = r.variable("testRegisters", 8);
  }

  @Override
  public void emit() {
    Label out = new Label("not the test function");
    a.cmp(DWORD, ptr(RBX, Functions.IDS), IDS).jnz(out);
    // Below 4 GiB, where addresses are what they seem.
    a.mov(RBP, ptr(RBX, REGISTERS_ENTRY + Bars.ADDRESS)).mov(ptr(registers), RBP);
    emitMemory();
    emitRegisters();
    emitDoorbells();
    emitReset();
    emitMsix();
    emitMasks();
    emitIntx();
    a.label(out);
  }

  /** Writes and reads the mapped BAR from its second 64-bit word on. */
  private void emitMemory() {
    Label write = new Label("test memory write");
    Label read = new Label("test memory read");
    Label differs = new Label("test memory differs");
    r.print("  test function: memory BAR");
    a.mov(RSI, ptr(RBX, Functions.REGISTERS)).mov(ECX, WORDS).mov(RAX, 0x0102_0304_0506_0708L);
    a.label(write).mov(ptr(RSI, RCX, 8, 0), RAX).add(RAX, RAX).dec(ECX).jnz(write);
    a.mov(ECX, WORDS).mov(RAX, 0x0102_0304_0506_0708L);
    a.label(read).cmp(RAX, ptr(RSI, RCX, 8, 0)).jnz(differs).add(RAX, RAX).dec(ECX).jnz(read);
    a.label(differs).test(ECX, ECX);
    r.check(Cond.E, "the memory BAR holds what is written");
    r.endLine();
  }

  private void emitRegisters() {
    r.print("  test function: registers, ports, registers beside the MSI-X table");
    a.cmp(DWORD, ptr(RBP), IDENTIFICATION);
    r.check(Cond.E, "identification");
    a.mov(EDX, ptr(RBX, Functions.PORTS)).mov(EAX, 0x1122_3344).outDx(EAX);
    a.cmp(DWORD, ptr(RBP, REG_SCRATCH), 0x1122_3344);
    r.check(Cond.E, "a port write shows in the register");
    a.mov(DWORD, ptr(RBP, REG_SCRATCH_BESIDE_TABLE), 0x5566_7788);
    a.mov(EDX, ptr(RBX, Functions.PORTS)).inDx(EAX).cmp(EAX, 0x5566_7788);
    r.check(Cond.E, "a register write beside the table shows in the port");
    r.endLine();
  }

  /** Doorbells may be heard by another way than other writes, and must keep their order. */
  private void emitDoorbells() {
    Label ring = new Label("test doorbells ring");
    Label ringPort = new Label("test doorbells ring by port");
    r.print("  test function: doorbells");
    a.mov(ECX, RINGS);
    a.label(ring).mov(ptr(RBP, REG_BELL), ECX);
    a.mov(DWORD, ptr(RBP, REG_MATCHED_BELL), BELL_VALUE).dec(ECX).jnz(ring);
    a.mov(DWORD, ptr(RBP, REG_MATCHED_BELL), BELL_VALUE + 1);
    a.cmp(DWORD, ptr(RBP, REG_BELL_COUNT), RINGS);
    r.check(Cond.E, "each ring counts");
    a.cmp(DWORD, ptr(RBP, REG_MATCHED_BELL_COUNT), RINGS);
    r.check(Cond.E, "each ring of the value counts, and of no other");
    a.mov(EDX, ptr(RBX, Functions.PORTS)).add(EDX, PORT_BELL).mov(ECX, RINGS);
    a.label(ringPort).outDx(EAX).dec(ECX).jnz(ringPort);
    a.cmp(DWORD, ptr(RBP, REG_BELL_COUNT), 2 * RINGS);
    r.check(Cond.E, "each ring by a port counts");
    r.endLine();
  }

  /** One more reset, after which the scratch register is as at power-on. */
  private void emitReset() {
    generic.emitReset();
    r.print("  test function: state after the reset");
    a.cmp(DWORD, ptr(RBP, REG_SCRATCH), 0);
    r.check(Cond.E, "the reset has cleared the scratch register");
    a.cmp(DWORD, ptr(RBP, REG_BELL_COUNT), 0);
    r.check(Cond.E, "the reset has cleared the doorbell's count");
    r.endLine();
  }

  private void emitMsix() {
    r.print("  test function: MSI-X, vectors");
    interrupts.withdrawNothing();
    interrupts.controlMsix(MsixChecks.CONTROL_ENABLE);
    for (int vector : VECTORS) {
      r.print(" " + vector);
      interrupts.routeMsix(vector);
      interrupts.expectInARow(number -> send(vector), "MSI-X of vector " + vector);
    }
    r.endLine();
  }

  private void emitMasks() {
    r.print("  test function: MSI-X, masked vector, masked function");
    interrupts.maskMsix(MASKED_VECTOR, true);
    checkHeldBack("masked vector");
    interrupts.expectOne(
        () -> interrupts.maskMsix(MASKED_VECTOR, false), "what waited comes when it is unmasked");
    checkNotPending("after the mask");
    interrupts.controlMsix(MsixChecks.CONTROL_ENABLE | MsixChecks.CONTROL_FUNCTION_MASK);
    checkHeldBack("masked function");
    interrupts.expectOne(
        () -> interrupts.controlMsix(MsixChecks.CONTROL_ENABLE),
        "what waited comes when the function is unmasked");
    checkNotPending("after the function's mask");
    interrupts.disableMsix();
    r.endLine();
  }

  private void checkHeldBack(String who) {
    interrupts.expectNone(() -> send(MASKED_VECTOR), "a " + who + " is silent");
    interrupts.testPending(MASKED_VECTOR);
    r.check(Cond.NE, "pending bit of a " + who);
  }

  private void checkNotPending(String when) {
    interrupts.testPending(MASKED_VECTOR);
    r.check(Cond.E, "no pending bit " + when);
  }

  private void emitIntx() {
    r.print("  test function: INTx, level-triggered");
    interrupts.withdrawBy(withdraw);
    interrupts.enableIntx();
    r.check(Cond.NE, "the test function has an interrupt pin");
    interrupts.expectInARow(number -> a.mov(DWORD, ptr(RBP, REG_LEVEL), 1), "INTx");
    interrupts.disableIntx();
    interrupts.reportSpurious();
    r.endLine();
  }

  private void send(int vector) {
    a.mov(DWORD, ptr(RBP, REG_SEND), vector);
  }

  @Override
  public void emitRoutines() {
    a.label(withdraw).mov(RAX, ptr(registers)).mov(ECX, ptr(RAX, REG_LEVEL));
    a.mov(DWORD, ptr(RAX, REG_LEVEL), 0).mov(EAX, ECX).ret();
  }
}
