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

/**
 * Finds the functions of bus 0 by ECAM and keeps a record of each that is no bridge.
 *
 * <p>Everything that is emitted for one function has the address of its record in RBX.
 */
public final class Functions {
  /** Offsets in a record: address of the configuration space (64 bits). */
  static final int CONFIG = 0;

  /** Vendor and device as one 32-bit value. */
  public static final int IDS = 8;

  /** Class code and revision as one 32-bit value. */
  public static final int CLASS = 12;

  /** Device and function (32 bits). */
  static final int DEVICE_FUNCTION = 16;

  /** Offsets of capabilities, 0 for none (32 bits each). */
  static final int CAP_PM = 24;

  public static final int CAP_MSI = 28;
  public static final int CAP_MSIX = 32;
  static final int CAP_EXPRESS = 36;
  static final int CAP_AF = 40;

  /** 1 once an FLR has been made, so that it is known to be there (32 bits). */
  static final int WAS_RESET = 44;

  /** Where the first memory BAR is seen, 0 for none (64 bits). */
  public static final int REGISTERS = 48;

  /** Entry of the first memory BAR, 0 for none (64 bits). */
  static final int MAIN_BAR = 56;

  /** A register there that is neither 0 nor all ones: its offset, its value (32 bits each). */
  static final int TELLING_OFFSET = 64;

  static final int TELLING_VALUE = 68;

  /** Where the first I/O BAR is, 0 for none (32 bits). */
  static final int PORTS = 72;

  /** Six BARs, see {@link Bars}. */
  public static final int BARS = 80;

  static final int RECORD_BYTES = 256;

  /** Registers of the configuration space. */
  static final int COMMAND = 4;

  static final int REVISION_CLASS = 8;
  static final int HEADER_TYPE = 0x0e;
  static final int COMMAND_ALL = 7;

  private static final int MAX_FUNCTIONS = 32;
  private static final int DEVICE_FUNCTIONS = 256;
  private static final int ECAM_SHIFT = 12;
  private static final int MULTI_FUNCTION = 0x80;
  private static final int CLASS_BRIDGE = 6;

  private final GuestRuntime r;
  private final Assembler a;
  private final Label ecam;
  private final Label records;
  private final Label count;
  private final Label putAddress = new Label("putAddress");

  Functions(Kit kit) {
    r = kit.r();
    a = kit.a();
    ecam = kit.acpi().ecam;
    records = r.variable("functions", MAX_FUNCTIONS * RECORD_BYTES);
    count = r.variable("functionCount", 4);
  }

  /** A register of the configuration space of the function at RBX; changes RDX. */
  Mem config(int offset) {
    a.mov(RDX, ptr(RBX, CONFIG));
    return ptr(RDX, offset);
  }

  /**
   * A register of a capability of the function at RBX, which has it; changes RDX and RCX.
   *
   * @param capability where the record has its offset
   */
  Mem capability(int capability, int offset) {
    a.mov(ECX, ptr(RBX, capability)).mov(RDX, ptr(RBX, CONFIG));
    return ptr(RDX, RCX, 1, offset);
  }

  /** Writes the command register; changes EAX and RDX. */
  public void command(int value) {
    Mem register = config(COMMAND);
    a.mov(EAX, value).mov(register, AX);
  }

  /** {@code dst} = a 32-bit register of the configuration space; changes RDX. */
  void readConfig(Reg dst, int offset) {
    Mem register = config(offset);
    a.mov(dst, register);
  }

  /** The scan: keeps the functions, lists all, and has none of those kept decode anything. */
  void emitScan() {
    Label next = new Label("scan next");
    Label skipDevice = new Label("scan skip device");
    Label advance = new Label("scan advance");
    Label single = new Label("scan single function");
    Label out = new Label("scan out");
    r.print("PCI     ECAM ");
    a.mov(RAX, ptr(ecam)).call(r.putHex);
    a.cmp(QWORD, ptr(ecam), 0);
    r.check(Cond.NE, "MCFG gives the ECAM");
    r.endLine();
    a.cmp(QWORD, ptr(ecam), 0).jz(out);
    // R12D: device and function, R13: its configuration space, RBX: the next free record.
    a.xor(R12D, R12D).mov(RBX, records);
    a.label(next).mov(EAX, R12D).shl(RAX, ECAM_SHIFT).add(RAX, ptr(ecam)).mov(R13, RAX);
    a.mov(R14D, ptr(R13)).cmp(R14W, 0xffff).jz(skipDevice);
    emitKeep();
    a.label(advance).test(R12D, 7).jnz(single);
    a.test(BYTE, ptr(R13, HEADER_TYPE), MULTI_FUNCTION).jnz(single).add(R12D, 8 - 1);
    a.label(single).inc(R12D).cmp(R12D, DEVICE_FUNCTIONS).jb(next).jmp(out);
    // Without function 0 there is no device.
    a.label(skipDevice).test(R12D, 7).jnz(single).add(R12D, 8).cmp(R12D, DEVICE_FUNCTIONS);
    a.jb(next).label(out);
    r.print("        functions to check: ");
    a.mov(EAX, ptr(count)).call(r.putDec);
    a.cmp(DWORD, ptr(count), 0);
    r.check(Cond.NE, "a function to check");
    r.endLine();
  }

  private void emitKeep() {
    Label bridge = new Label("scan bridge");
    Label full = new Label("scan full");
    Label done = new Label("scan kept");
    a.mov(ptr(RBX, CONFIG), R13).mov(ptr(RBX, IDS), R14D).mov(ptr(RBX, DEVICE_FUNCTION), R12D);
    a.mov(EAX, ptr(R13, REVISION_CLASS)).mov(ptr(RBX, CLASS), EAX);
    r.print("        ");
    emitIdentity();
    a.mov(EAX, ptr(RBX, CLASS)).shr(EAX, 24).cmp(EAX, CLASS_BRIDGE).jz(bridge);
    a.cmp(DWORD, ptr(count), MAX_FUNCTIONS).jae(full);
    command(0);
    a.inc(DWORD, ptr(count)).add(RBX, RECORD_BYTES).jmp(done);
    a.label(bridge);
    r.print(", a bridge: left alone");
    a.jmp(done).label(full);
    r.print(", left alone: too many");
    a.label(done);
    r.print("\r\n");
  }

  /** Prints address, ids and class of the function at RBX. */
  public void emitIdentity() {
    a.call(putAddress);
  }

  /** Runs {@code body} for each record, with its address in RBX; everything else may change. */
  void forEach(Runnable body) {
    Label next = new Label("function next");
    Label out = new Label("function out");
    Label left = r.variable("functionsLeft", 4);
    a.mov(EAX, ptr(count)).mov(ptr(left), EAX).test(EAX, EAX).jz(out).mov(RBX, records);
    a.label(next).push(RBX);
    body.run();
    a.pop(RBX).add(RBX, RECORD_BYTES).dec(DWORD, ptr(left)).jnz(next).label(out);
  }

  void emitRoutines() {
    a.label(putAddress);
    r.print("00:");
    a.mov(EAX, ptr(RBX, DEVICE_FUNCTION)).shr(EAX, 3);
    r.printDigits(RAX, 2);
    r.print(".");
    a.mov(EAX, ptr(RBX, DEVICE_FUNCTION)).and(EAX, 7);
    r.printDigits(RAX, 1);
    r.print(" ");
    a.mov(EAX, ptr(RBX, IDS)).and(EAX, 0xffff);
    r.printDigits(RAX, 4);
    r.print(":");
    a.mov(EAX, ptr(RBX, IDS)).shr(EAX, 16);
    r.printDigits(RAX, 4);
    r.print(" class ");
    a.mov(EAX, ptr(RBX, CLASS)).shr(EAX, 8);
    r.printDigits(RAX, 6);
    a.ret();
  }
}
