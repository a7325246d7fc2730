package javelin.boot.guest.selftest;

import static javelin.boot.guest.asm.Mem.ptr;
import static javelin.boot.guest.asm.Reg.*;

import javelin.boot.guest.asm.Assembler;
import javelin.boot.guest.asm.Cond;
import javelin.boot.guest.asm.Label;
import javelin.boot.guest.runtime.AcpiChecks;
import javelin.boot.guest.runtime.GuestRuntime;

/**
 * Round trips of every width to the test device's storage (a 32-bit register at port 0xE0, a page
 * at 0xFF000000), and to the PCI host bridge through both ways into its configuration space.
 */
final class IoChecks {
  private static final int TEST_PORT = 0xe0;
  private static final long TEST_MMIO = 0xff00_0000L;
  private static final int PCI_ADDRESS = 0xcf8;
  private static final int PCI_DATA = 0xcfc;
  private static final long PCI_ENABLE = 0x8000_0000L;

  private final GuestRuntime r;
  private final AcpiChecks acpi;
  private final Assembler a;

  IoChecks(GuestRuntime r, AcpiChecks acpi) {
    this.r = r;
    this.acpi = acpi;
    this.a = r.a;
  }

  void emit() {
    emitPorts();
    emitMmio();
    emitPci();
  }

  /** Each narrower write must change its own bytes of the register and no other. */
  private void emitPorts() {
    r.print("Ports   0xe0, widths 4, 2, 1");
    a.mov(EAX, 0x1234_5678).out(TEST_PORT, EAX).xor(EAX, EAX).in(EAX, TEST_PORT);
    a.cmp(EAX, 0x1234_5678);
    r.check(Cond.E, "32-bit port round trip");
    a.mov(EDX, TEST_PORT).mov(EAX, 0xbeef).outDx(AX).xor(EAX, EAX).inDx(AX).cmp(EAX, 0xbeef);
    r.check(Cond.E, "16-bit port round trip");
    a.mov(EAX, 0x5a).mov(EDX, TEST_PORT + 3).outDx(AL).xor(EAX, EAX).inDx(AL).cmp(EAX, 0x5a);
    r.check(Cond.E, "8-bit port round trip");
    a.in(EAX, TEST_PORT).cmp(EAX, 0x5a34_beef);
    r.check(Cond.E, "port writes change their own bytes only");
    r.endLine();
  }

  private void emitMmio() {
    r.print("MMIO    ");
    a.mov(RBX, TEST_MMIO);
    r.printHex(RBX);
    r.print(", widths 8, 4, 2, 1");
    a.mov(RAX, 0x0123_4567_89ab_cdefL).mov(ptr(RBX), RAX).cmp(RAX, ptr(RBX));
    r.check(Cond.E, "64-bit MMIO round trip");
    a.mov(EAX, 0xcafe_f00dL).mov(ptr(RBX, 4), EAX).cmp(EAX, ptr(RBX, 4));
    r.check(Cond.E, "32-bit MMIO round trip");
    a.mov(EAX, 0xbeef).mov(ptr(RBX, 2), AX).cmp(AX, ptr(RBX, 2));
    r.check(Cond.E, "16-bit MMIO round trip");
    a.mov(EAX, 0x5a).mov(ptr(RBX, 1), AL).cmp(AL, ptr(RBX, 1));
    r.check(Cond.E, "8-bit MMIO round trip");
    a.mov(RAX, 0xcafe_f00d_beef_5aefL).cmp(RAX, ptr(RBX));
    r.check(Cond.E, "MMIO writes change their own bytes only");
    r.endLine();
  }

  private void emitPci() {
    Label out = new Label("no ECAM");
    r.print("PCI     host bridge ");
    a.mov(EAX, PCI_ENABLE).mov(EDX, PCI_ADDRESS).outDx(EAX).mov(EDX, PCI_DATA).inDx(EAX);
    a.mov(EBX, EAX);
    r.printHex(RBX);
    a.cmp(EBX, 0xffff_ffffL);
    r.check(Cond.NE, "a host bridge at 0:0.0");
    a.mov(RBP, ptr(acpi.ecam)).test(RBP, RBP).jz(out);
    r.print(", ECAM ");
    r.printHex(RBP);
    a.cmp(EBX, ptr(RBP));
    r.check(Cond.E, "CF8 and ECAM show the same bridge");
    a.label(out);
    r.endLine();
  }
}
