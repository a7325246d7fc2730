package javelin.boot.guest.assign;

import static javelin.boot.guest.asm.Mem.ptr;
import static javelin.boot.guest.asm.Reg.*;
import static javelin.boot.guest.asm.Width.*;

import javelin.boot.guest.asm.Assembler;
import javelin.boot.guest.asm.Cond;
import javelin.boot.guest.asm.Label;
import javelin.boot.guest.asm.Mem;
import javelin.boot.guest.asm.Reg;
import javelin.boot.guest.runtime.GuestRuntime;

/** What every function has to do right, whatever it is. */
final class FunctionChecks {
  private static final int INTERRUPT_LINE = 0x3c;
  private static final int LINE_VALUE = 0x5a;
  private static final int PROBED_REGISTERS = 4;
  private static final int COMMAND_NO_MEMORY = Functions.COMMAND_ALL & ~2;

  private static final int EXPRESS_CAPABILITIES = 4;
  private static final int EXPRESS_FLR_BIT = 1 << 28;
  private static final int EXPRESS_CONTROL = 8;
  private static final int EXPRESS_CONTROL_FLR = 1 << 15;
  private static final int AF_CAPABILITIES = 3;
  private static final int AF_FLR_BIT = 1 << 1;
  private static final int AF_CONTROL = 4;
  private static final int FLR_TIME_US = 100_000;
  private static final int FLR_TIMEOUT_US = 1_000_000;

  private final GuestRuntime r;
  private final Assembler a;
  private final Functions functions;
  private final Bars bars;
  private final AddressMap addresses;
  private final long nobody;

  FunctionChecks(Kit kit, Functions functions, Bars bars, AddressMap addresses) {
    r = kit.r();
    a = kit.a();
    this.functions = functions;
    this.bars = bars;
    this.addresses = addresses;
    nobody = kit.platform().nobody();
  }

  /** All of them, for the function at RBX. */
  void emit() {
    emitConfig();
    emitTelling();
    Label untold = new Label("no telling register");
    a.cmp(DWORD, ptr(RBX, Functions.TELLING_VALUE), 0).jz(untold);
    emitDecode();
    emitMove();
    a.label(untold);
    emitReset();
  }

  /** Writes all ones to the IDs and the class code, which no write changes. */
  private void emitConfig() {
    r.print("  config: IDs and class are read-only, the interrupt line is not");
    Mem ids = functions.config(0);
    a.mov(WORD, ids, 0xffff).mov(WORD, ptr(RDX, 2), 0xffff);
    a.mov(EAX, ptr(RDX)).cmp(EAX, ptr(RBX, Functions.IDS));
    r.check(Cond.E, "vendor and device ID are read-only");
    Mem classCode = functions.config(Functions.REVISION_CLASS);
    a.mov(DWORD, classCode, -1).mov(EAX, classCode).cmp(EAX, ptr(RBX, Functions.CLASS));
    r.check(Cond.E, "class code and revision are read-only");
    Mem line = functions.config(INTERRUPT_LINE);
    a.movzx(ECX, BYTE, line).mov(BYTE, line, LINE_VALUE).movzx(EAX, BYTE, line);
    a.mov(line, CL).cmp(EAX, LINE_VALUE);
    r.check(Cond.E, "interrupt line holds what is written");
    r.endLine();
  }

  /**
   * Looks for a register that tells whether the device answers: neither 0 nor all ones, and twice
   * the same.
   */
  private void emitTelling() {
    Label next = new Label("telling next");
    Label found = new Label("telling found");
    Label no = new Label("telling no");
    Label out = new Label("telling out");
    a.mov(RSI, ptr(RBX, Functions.REGISTERS)).test(RSI, RSI).jz(out).xor(ECX, ECX);
    a.label(next).mov(EAX, ptr(RSI, RCX, 4, 0)).lea(EDX, ptr(RAX, 1)).cmp(EDX, 1);
    a.j(Cond.BE, no).cmp(EAX, ptr(RSI, RCX, 4, 0)).jz(found);
    a.label(no).inc(ECX).cmp(ECX, PROBED_REGISTERS).jb(next);
    r.print("  no register that tells whether the device answers; moves are not checked\r\n");
    a.jmp(out);
    a.label(found).shl(ECX, 2).mov(ptr(RBX, Functions.TELLING_OFFSET), ECX);
    a.mov(ptr(RBX, Functions.TELLING_VALUE), EAX).label(out);
  }

  /** EAX = the telling register as it reads through the address RSI; changes ECX. */
  private void readTelling() {
    a.mov(ECX, ptr(RBX, Functions.TELLING_OFFSET)).mov(EAX, ptr(RSI, RCX, 1, 0));
  }

  private void checkAnswers(String name) {
    a.mov(RSI, ptr(RBX, Functions.REGISTERS));
    readTelling();
    a.cmp(EAX, ptr(RBX, Functions.TELLING_VALUE));
    r.check(Cond.E, name);
  }

  private void checkNobody(String name) {
    readTelling();
    a.cmp(EAX, nobody);
    r.check(Cond.E, name);
  }

  private void emitDecode() {
    r.print("  decode: on, off, on");
    checkAnswers("the device answers");
    functions.command(COMMAND_NO_MEMORY);
    a.mov(RSI, ptr(RBX, Functions.REGISTERS));
    checkNobody("nobody answers with decode off");
    functions.command(Functions.COMMAND_ALL);
    checkAnswers("the device answers with decode on again");
    r.endLine();
  }

  /**
   * Moves the first memory BAR to another address with decode off, as systems do, and then back
   * with decode on.
   */
  private void emitMove() {
    Label out = new Label("move out");
    // R12: the BAR, R13: its old address, R14: its new one, R15: where the old one is seen.
    a.mov(R12, ptr(RBX, Functions.MAIN_BAR)).mov(R13, ptr(R12, Bars.ADDRESS));
    a.mov(R15, ptr(RBX, Functions.REGISTERS)).call(bars.findPlace).mov(R14, RAX);
    a.test(RAX, RAX).jz(out);
    r.print("  move: first memory BAR to ");
    r.printHex(R14);
    functions.command(COMMAND_NO_MEMORY);
    emitMoveTo(R14);
    functions.command(Functions.COMMAND_ALL);
    checkAnswers("the device answers at its new address");
    a.mov(RSI, R15);
    checkNobody("nobody answers at the old address");
    r.print(" and back with decode on");
    a.mov(R15, ptr(RBX, Functions.REGISTERS));
    emitMoveTo(R13);
    checkAnswers("the device answers at its first address again");
    a.mov(RSI, R15);
    checkNobody("nobody answers at the address that it has left");
    r.endLine();
    a.label(out);
  }

  /** Programs the BAR at R12 with an address, and keeps where its registers are seen now. */
  private void emitMoveTo(Reg address) {
    a.mov(ptr(R12, Bars.ADDRESS), address).call(bars.program);
    a.mov(RAX, address).call(addresses.map).mov(ptr(RBX, Functions.REGISTERS), RAX);
  }

  /**
   * A function-level reset, where a capability offers it (PCI Express Base 6.0, 6.6.2); the BARs
   * are where they were afterwards.
   */
  void emitReset() {
    Label express = new Label("reset by express");
    Label advanced = new Label("reset by AF");
    Label wait = new Label("reset wait");
    Label out = new Label("reset out");
    a.cmp(DWORD, ptr(RBX, Functions.CAP_EXPRESS), 0).jz(advanced);
    Mem capabilities = functions.capability(Functions.CAP_EXPRESS, EXPRESS_CAPABILITIES);
    a.test(DWORD, capabilities, EXPRESS_FLR_BIT).jnz(express);
    a.label(advanced).cmp(DWORD, ptr(RBX, Functions.CAP_AF), 0).jz(out);
    Mem advancedBits = functions.capability(Functions.CAP_AF, AF_CAPABILITIES);
    a.test(BYTE, advancedBits, AF_FLR_BIT).jz(out);
    r.print("  reset: FLR by AF");
    a.mov(BYTE, functions.capability(Functions.CAP_AF, AF_CONTROL), 1).jmp(wait);
    a.label(express);
    r.print("  reset: FLR by PCI Express");
    Mem control = functions.capability(Functions.CAP_EXPRESS, EXPRESS_CONTROL);
    a.mov(EAX, control).or(EAX, EXPRESS_CONTROL_FLR).mov(control, AX).label(wait);
    a.mov(DWORD, ptr(RBX, Functions.WAS_RESET), 1);
    r.delay(FLR_TIME_US);
    r.await(this::compareIds, Cond.E, FLR_TIMEOUT_US);
    compareIds();
    r.check(Cond.E, "the function is back within a second");
    a.movzx(EAX, WORD, functions.config(Functions.COMMAND)).test(EAX, EAX);
    r.check(Cond.E, "the command register is 0 after it");
    emitRestore();
    r.endLine();
    a.label(out);
  }

  private void emitRestore() {
    Label untold = new Label("restore untold");
    a.call(bars.programAll);
    functions.command(Functions.COMMAND_ALL);
    a.cmp(DWORD, ptr(RBX, Functions.TELLING_VALUE), 0).jz(untold);
    checkAnswers("the device answers after it");
    a.label(untold);
  }

  private void compareIds() {
    functions.readConfig(EAX, 0);
    a.cmp(EAX, ptr(RBX, Functions.IDS));
  }
}
