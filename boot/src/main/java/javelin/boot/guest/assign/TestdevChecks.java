package javelin.boot.guest.assign;

import static javelin.boot.guest.asm.Mem.ptr;
import static javelin.boot.guest.asm.Reg.*;
import static javelin.boot.guest.asm.Width.*;

import javelin.boot.guest.asm.Assembler;
import javelin.boot.guest.asm.Cond;
import javelin.boot.guest.asm.Label;
import javelin.boot.guest.runtime.GuestRuntime;

/**
 * QEMU's pci-testdev (docs/specs/pci-testdev): it counts the writes to an offset that it names, in
 * its memory BAR and in its I/O BAR. Accesses are bytes.
 */
final class TestdevChecks implements DeviceChecks {
  private static final int IDS = 0x0005_1b36;
  private static final int OFFSET = 4;
  private static final int DATA = 8;
  private static final int COUNT = 12;
  private static final int NAME = 16;
  private static final int LONGEST_NAME = 31;
  private static final int WRITES = 5;

  /** Test without eventfd, which counts in the device. */
  private static final int TEST = 0;

  private final GuestRuntime r;
  private final Assembler a;
  private final Label name;

  TestdevChecks(Kit kit) {
    r = kit.r();
    a = kit.a();
    name = r.variable("testName", LONGEST_NAME + 1);
  }

  @Override
  public void emit() {
    Label out = new Label("not pci-testdev");
    a.cmp(DWORD, ptr(RBX, Functions.IDS), IDS).jnz(out);
    a.mov(RBP, ptr(RBX, Functions.REGISTERS)).test(RBP, RBP);
    r.check(Cond.NE, "pci-testdev has a memory BAR");
    emitTest(new Memory());
    a.mov(EBP, ptr(RBX, Functions.PORTS)).test(RBP, RBP);
    r.check(Cond.NE, "pci-testdev has an I/O BAR");
    emitTest(new Ports());
    a.label(out);
  }

  /** Bytes of a BAR. */
  private interface Bar {
    /** AL = the byte at ECX; changes EDX. */
    void read();

    /** The byte at ECX = AL; changes EDX. */
    void write();

    /** For messages. */
    String kind();
  }

  private final class Memory implements Bar {
    @Override
    public void read() {
      a.mov(AL, ptr(RBP, RCX, 1, 0));
    }

    @Override
    public void write() {
      a.mov(ptr(RBP, RCX, 1, 0), AL);
    }

    @Override
    public String kind() {
      return "MMIO";
    }
  }

  private final class Ports implements Bar {
    @Override
    public void read() {
      a.lea(EDX, ptr(RBP, RCX, 1, 0)).inDx(AL);
    }

    @Override
    public void write() {
      a.lea(EDX, ptr(RBP, RCX, 1, 0)).outDx(AL);
    }

    @Override
    public String kind() {
      return "PIO";
    }
  }

  private void emitTest(Bar bar) {
    Label out = new Label("testdev out");
    Label next = new Label("testdev write");
    r.print("  pci-testdev: " + bar.kind() + ", test ");
    a.test(RBP, RBP).jz(out).xor(ECX, ECX).mov(EAX, TEST);
    bar.write();
    emitName(bar);
    readDword(bar, OFFSET);
    a.mov(R13D, R12D).mov(ECX, DATA);
    bar.read();
    a.movzx(R14D, BYTE, AL);
    readDword(bar, COUNT);
    a.test(R12D, R12D);
    r.check(Cond.E, "the count starts at 0");
    a.mov(EDI, WRITES).label(next).mov(EAX, R14D).mov(ECX, R13D);
    bar.write();
    a.dec(EDI).jnz(next);
    readDword(bar, COUNT);
    a.cmp(R12D, WRITES);
    r.check(Cond.E, "the device counts " + bar.kind() + " writes");
    a.label(out);
    r.endLine();
  }

  /** Reads the test's name and prints it. */
  private void emitName(Bar bar) {
    Label next = new Label("testdev name");
    Label out = new Label("testdev name out");
    a.xor(EDI, EDI).label(next).lea(ECX, ptr(RDI, NAME));
    bar.read();
    a.mov(ptr(name, RDI, 1), AL).test(AL, AL).jz(out);
    a.inc(EDI).cmp(EDI, LONGEST_NAME).jb(next).mov(BYTE, ptr(name, RDI, 1), 0);
    a.label(out).mov(RSI, name).call(r.puts);
    a.cmp(BYTE, ptr(name), 0);
    r.check(Cond.NE, "the test has a name");
  }

  /** R12D = the little-endian number at an offset, by bytes. */
  private void readDword(Bar bar, int offset) {
    for (int i = 3; i >= 0; i--) {
      a.mov(ECX, offset + i);
      bar.read();
      a.movzx(EAX, BYTE, AL).shl(R12D, 8).or(R12D, EAX);
    }
  }
}
