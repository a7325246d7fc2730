package javelin.boot.guest.assign;

import static javelin.boot.guest.asm.Mem.ptr;
import static javelin.boot.guest.asm.Reg.*;
import static javelin.boot.guest.asm.Width.*;

import javelin.boot.guest.asm.Assembler;
import javelin.boot.guest.asm.Cond;
import javelin.boot.guest.asm.Label;
import javelin.boot.guest.runtime.Apic;
import javelin.boot.guest.runtime.GuestRuntime;

/** The MSI-X table of a function (PCI Local Bus 3.0, 6.8.2): each entry holds what is written. */
public final class MsixChecks {
  static final int ENTRY_BYTES = 16;
  static final int ENTRY_DATA = 8;
  static final int ENTRY_CONTROL = 12;
  static final int CONTROL = 2;
  static final int CONTROL_ENABLE = 0x8000;
  static final int CONTROL_FUNCTION_MASK = 0x4000;
  static final int TABLE = 4;
  static final int PBA = 8;

  private static final int CONTROL_SIZE = 0x7ff;
  private static final int BAR_BITS = 7;
  private static final int FIRST_BAR = 0x10;
  private static final int BARS = 6;

  /** Entries that are tried, from the first. */
  private static final int MOST_TRIED = 128;

  /**
   * RAX = where the structure is seen whose offset and BAR the capability has at ECX, 0 where that
   * is no memory BAR.
   */
  final Label find = new Label("msixFind");

  /** RAX = where offset EAX of BAR ECX is seen, likewise. */
  final Label locate = new Label("msixLocate");

  private final GuestRuntime r;
  private final Assembler a;
  private final Functions functions;
  private final AddressMap addresses;

  MsixChecks(Kit kit, Functions functions, AddressMap addresses) {
    r = kit.r();
    a = kit.a();
    this.functions = functions;
    this.addresses = addresses;
  }

  /** The function at RBX, if it has the capability. */
  void emit() {
    Label out = new Label("msix out");
    Label broken = new Label("msix broken");
    Label few = new Label("msix few");
    a.cmp(DWORD, ptr(RBX, Functions.CAP_MSIX), 0).jz(out);
    r.print("  MSI-X: ");
    a.movzx(R12D, WORD, functions.capability(Functions.CAP_MSIX, CONTROL));
    a.test(R12D, CONTROL_ENABLE);
    r.check(Cond.E, "MSI-X is off at first");
    a.and(R12D, CONTROL_SIZE).inc(R12D);
    r.printDec(R12D);
    r.print(" vectors, their entries hold address, data and mask");
    a.mov(ECX, PBA).call(find).test(RAX, RAX);
    r.check(Cond.NE, "the pending bits are in a memory BAR");
    a.mov(ECX, TABLE).call(find).mov(R13, RAX).test(RAX, RAX);
    r.check(Cond.NE, "the table is in a memory BAR");
    a.test(R13, R13).jz(broken).cmp(R12D, MOST_TRIED).j(Cond.BE, few).mov(R12D, MOST_TRIED);
    a.label(few);
    emitWrite();
    emitVerify();
    a.label(broken);
    r.endLine();
    a.label(out);
  }

  /** Gives each of the R12D entries at R13 an address and data of its own, masked. */
  private void emitWrite() {
    Label next = new Label("msix write");
    a.mov(RSI, R13).xor(ECX, ECX);
    a.label(next).mov(DWORD, ptr(RSI, ENTRY_CONTROL), 1);
    a.mov(EAX, ECX).shl(EAX, 2).or(EAX, Apic.DEFAULT_PAGE).mov(ptr(RSI), EAX);
    a.mov(DWORD, ptr(RSI, 4), 0).mov(ptr(RSI, ENTRY_DATA), ECX);
    a.add(RSI, ENTRY_BYTES).inc(ECX).cmp(ECX, R12D).jb(next);
  }

  /** R8D = entries with another address or data, R9D = those whose mask bit does not follow. */
  private void emitVerify() {
    Label next = new Label("msix verify");
    Label same = new Label("msix same");
    Label maskOk = new Label("msix mask");
    a.mov(RSI, R13).xor(ECX, ECX).xor(R8D, R8D).xor(R9D, R9D);
    a.label(next).mov(EAX, ECX).shl(EAX, 2).or(EAX, Apic.DEFAULT_PAGE).xor(EAX, ptr(RSI));
    a.mov(EDX, ptr(RSI, ENTRY_DATA)).xor(EDX, ECX).or(EAX, EDX).jz(same).inc(R8D);
    a.label(same).mov(EAX, ptr(RSI, ENTRY_CONTROL)).mov(DWORD, ptr(RSI, ENTRY_CONTROL), 0);
    a.mov(EDX, ptr(RSI, ENTRY_CONTROL)).mov(DWORD, ptr(RSI, ENTRY_CONTROL), 1);
    a.mov(EDI, ptr(RSI, ENTRY_CONTROL)).and(EAX, EDI).xor(EAX, 1).or(EAX, EDX).and(EAX, 1);
    a.jz(maskOk).inc(R9D).label(maskOk);
    a.add(RSI, ENTRY_BYTES).inc(ECX).cmp(ECX, R12D).jb(next);
    a.test(R8D, R8D);
    r.check(Cond.E, "entries keep their own address and data");
    a.test(R9D, R9D);
    r.check(Cond.E, "mask bits go on and off");
  }

  void emitRoutines() {
    Label next = new Label("msix bar next");
    Label found = new Label("msix bar found");
    Label none = new Label("msix bar none");
    a.label(find).add(ECX, ptr(RBX, Functions.CAP_MSIX)).mov(RDX, ptr(RBX, Functions.CONFIG));
    a.mov(EAX, ptr(RDX, RCX, 1, 0)).mov(ECX, EAX).and(ECX, BAR_BITS).sub(EAX, ECX);
    a.label(locate)
        .shl(ECX, 2)
        .add(ECX, FIRST_BAR)
        .lea(RSI, ptr(RBX, Functions.BARS))
        .mov(EDX, BARS);
    a.label(next).cmp(ptr(RSI, Bars.REGISTER), ECX).jz(found);
    a.add(RSI, Bars.ENTRY_BYTES).dec(EDX).jnz(next);
    a.label(none).xor(EAX, EAX).ret();
    a.label(found).cmp(QWORD, ptr(RSI, Bars.ADDRESS), 0).jz(none);
    a.test(DWORD, ptr(RSI, Bars.FLAGS), Bars.FLAG_IO).jnz(none);
    a.add(RAX, ptr(RSI, Bars.ADDRESS)).jmp(addresses.map);
  }
}
