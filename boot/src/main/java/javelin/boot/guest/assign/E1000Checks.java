package javelin.boot.guest.assign;

import static javelin.boot.guest.asm.Mem.ptr;
import static javelin.boot.guest.asm.Reg.*;
import static javelin.boot.guest.asm.Width.*;

import javelin.boot.guest.asm.Assembler;
import javelin.boot.guest.asm.Cond;
import javelin.boot.guest.asm.Label;
import javelin.boot.guest.runtime.GuestRuntime;

/**
 * Intel's 82540EM (e1000) and 82574L (e1000e): status, MAC address, and an interrupt that software
 * sets, by INTx and, where there is one, by MSI and MSI-X.
 */
final class E1000Checks implements DeviceChecks {
  private static final int IDS_82540EM = 0x100e_8086;
  private static final int IDS_82574L = 0x10d3_8086;
  private static final int REG_STATUS = 0x0008;
  private static final int REG_ICR = 0x00c0;
  private static final int REG_ICS = 0x00c8;
  private static final int REG_IMS = 0x00d0;
  private static final int REG_IMC = 0x00d8;
  private static final int REG_IVAR = 0x00e4;
  private static final int REG_RAL = 0x5400;
  private static final int REG_RAH = 0x5404;
  private static final int RAH_VALID = 0x8000_0000;
  private static final int CAUSE_LINK = 1 << 2;

  /** The cause that all others of the 82574L's MSI-X come under. */
  private static final int CAUSE_OTHER = 1 << 24;

  /** Other causes go to vector 0, valid. */
  private static final int IVAR_OTHER = 8 << 16;

  private static final int MAC_BYTES = 6;
  private static final int SPACING_US = 50_000;

  private final GuestRuntime r;
  private final Assembler a;
  private final PciInterrupts interrupts;
  private final Label registers;
  private final Label acknowledge = new Label("e1000 acknowledge");

  E1000Checks(Kit kit, PciInterrupts interrupts) {
    r = kit.r();
    a = kit.a();
    this.interrupts = interrupts;
    registers = r.variable("e1000Registers", 8);
  }

  @Override
  public void emit() {
    Label known = new Label("an e1000");
    Label out = new Label("not e1000");
    a.mov(EAX, ptr(RBX, Functions.IDS)).cmp(EAX, IDS_82540EM).jz(known);
    a.cmp(EAX, IDS_82574L).jnz(out);
    a.label(known).mov(RBP, ptr(RBX, Functions.REGISTERS)).mov(ptr(registers), RBP);
    a.test(RBP, RBP).jz(out);
    emitStatus();
    interrupts.withdrawBy(acknowledge);
    a.mov(DWORD, ptr(RBP, REG_IMC), -1).mov(EAX, ptr(RBP, REG_ICR));
    emitIntx();
    emitMsi();
    emitMsix();
    a.mov(DWORD, ptr(RBP, REG_IMC), -1);
    a.label(out);
  }

  private void emitStatus() {
    Label next = new Label("e1000 mac");
    r.print("  e1000: status ");
    a.mov(EAX, ptr(RBP, REG_STATUS)).call(r.putHex);
    r.print(", MAC");
    a.mov(R12D, ptr(RBP, REG_RAL)).mov(R13D, ptr(RBP, REG_RAH)).mov(R14D, R13D);
    a.shl(R13, 32).or(R12, R13).mov(R13D, MAC_BYTES);
    a.label(next);
    r.print(" ");
    r.printDigits(R12, 2);
    a.shr(R12, 8).dec(R13D).jnz(next).test(R14D, RAH_VALID);
    r.check(Cond.NE, "the receive address is valid");
    r.endLine();
  }

  private void emitIntx() {
    r.print("  e1000: INTx");
    interrupts.enableIntx();
    r.check(Cond.NE, "e1000 has an interrupt pin");
    emitRaises(CAUSE_LINK, "INTx");
    interrupts.disableIntx();
    interrupts.reportSpurious();
    r.endLine();
  }

  private void emitMsi() {
    Label out = new Label("e1000 without MSI");
    a.cmp(DWORD, ptr(RBX, Functions.CAP_MSI), 0).jz(out);
    r.print("  e1000: MSI");
    interrupts.enableMsi();
    emitRaises(CAUSE_LINK, "MSI");
    interrupts.disableMsi();
    interrupts.reportSpurious();
    r.endLine();
    a.label(out);
  }

  private void emitMsix() {
    Label out = new Label("e1000 without MSI-X");
    a.cmp(DWORD, ptr(RBX, Functions.CAP_MSIX), 0).jz(out);
    r.print("  e1000: MSI-X");
    interrupts.enableMsix();
    a.mov(DWORD, ptr(RBP, REG_IVAR), IVAR_OTHER);
    emitRaises(CAUSE_OTHER, "MSI-X");
    interrupts.disableMsix();
    interrupts.reportSpurious();
    r.endLine();
    a.label(out);
  }

  private void emitRaises(int cause, String kind) {
    r.print(", " + PciInterrupts.ROW + " in a row");
    interrupts.expectInARow(
        number -> a.mov(DWORD, ptr(RBP, REG_IMS), cause).mov(DWORD, ptr(RBP, REG_ICS), cause),
        kind);
    // The device spaces its interrupts by a timer, which must have run out before the next way is
    // tried: QEMU's model ends QEMU where MSI-X goes on or off meanwhile.
    a.mov(DWORD, ptr(RBP, REG_IMC), -1).mov(EAX, ptr(RBP, REG_ICR));
    r.delay(SPACING_US);
  }

  /** Reading the causes clears them; that of MSI-X is cleared by writing, too. */
  @Override
  public void emitRoutines() {
    a.label(acknowledge).mov(RAX, ptr(registers)).mov(ECX, ptr(RAX, REG_ICR));
    a.mov(ptr(RAX, REG_ICR), ECX).mov(EAX, ECX).ret();
  }
}
