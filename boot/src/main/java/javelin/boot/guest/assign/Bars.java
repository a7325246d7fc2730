package javelin.boot.guest.assign;

import static javelin.boot.guest.asm.Mem.ptr;
import static javelin.boot.guest.asm.Reg.*;
import static javelin.boot.guest.asm.Width.*;

import javelin.boot.guest.asm.Assembler;
import javelin.boot.guest.asm.Cond;
import javelin.boot.guest.asm.Label;
import javelin.boot.guest.runtime.GuestRuntime;

/**
 * Sizes the BARs of a function and places them (PCI Local Bus 3.0, 6.2.5.1). A 64-bit BAR that is
 * prefetchable goes above 4 GiB where there is a window for it, every other one below.
 */
public final class Bars {
  /** Offsets in a BAR's entry, of which a record has six: bytes (64 bits), 0 for no BAR. */
  static final int SIZE = 0;

  /** Where it is placed (64 bits). */
  public static final int ADDRESS = 8;

  /** The flags in the lowest bits of its register (32 bits). */
  static final int FLAGS = 16;

  /** Offset of its register in the configuration space (32 bits). */
  static final int REGISTER = 20;

  public static final int ENTRY_BYTES = 24;
  static final int FLAG_IO = 1;
  static final int FLAG_64 = 4;

  private static final int FLAG_PREFETCHABLE = 8;
  private static final int COUNT = 6;
  private static final int FIRST_REGISTER = 0x10;
  private static final int BEHIND_REGISTERS = FIRST_REGISTER + 4 * COUNT;

  /** RAX = new place for the BAR at R12, of the window that is for its kind; 0 for none. */
  final Label findPlace = new Label("findPlace");

  /** Writes the address of the BAR at R12 to its register. */
  final Label program = new Label("program");

  /** As {@link #program}, for all BARs of the function at RBX. */
  final Label programAll = new Label("programAll");

  private final GuestRuntime r;
  private final Assembler a;
  private final Functions functions;
  private final Allocator allocator;
  private final AddressMap addresses;
  private final Label size = new Label("size");
  private final Label putBar = new Label("putBar");

  Bars(Kit kit, Functions functions, Allocator allocator, AddressMap addresses) {
    r = kit.r();
    a = kit.a();
    this.functions = functions;
    this.allocator = allocator;
    this.addresses = addresses;
  }

  /** Sizes, places and prints the BARs of the function at RBX, and has it decode them. */
  public void emit() {
    Label next = new Label("bar next");
    Label none = new Label("bar none");
    Label out = new Label("bar out");
    a.lea(R12, ptr(RBX, Functions.BARS)).mov(R13D, FIRST_REGISTER);
    a.label(next).mov(ptr(R12, REGISTER), R13D).call(size).add(R13D, 4);
    a.cmp(QWORD, ptr(R12, SIZE), 0).jz(none);
    emitPlace();
    a.test(DWORD, ptr(R12, FLAGS), FLAG_IO).jnz(none);
    a.test(DWORD, ptr(R12, FLAGS), FLAG_64).jz(none);
    a.add(R13D, 4).cmp(R13D, BEHIND_REGISTERS);
    r.check(Cond.BE, "a 64-bit BAR has two registers");
    a.label(none).add(R12, ENTRY_BYTES).cmp(R13D, BEHIND_REGISTERS).jb(next).label(out);
    functions.command(Functions.COMMAND_ALL);
    emitKeepRegisters();
  }

  /** Places the BAR at R12 and prints it, a line of its own. */
  private void emitPlace() {
    Label failed = new Label("bar without place");
    r.print("  ");
    a.call(putBar).mov(RAX, ptr(R12, SIZE)).lea(RCX, ptr(RAX, -1)).test(RAX, RCX);
    r.check(Cond.E, "BAR size is a power of two");
    a.call(findPlace).mov(ptr(R12, ADDRESS), RAX).test(RAX, RAX);
    r.check(Cond.NE, "room for the BAR in its window");
    a.cmp(QWORD, ptr(R12, ADDRESS), 0).jz(failed);
    r.print(" at ");
    a.mov(RAX, ptr(R12, ADDRESS)).call(r.putHex).call(program).label(failed);
    emitReadBack();
    r.endLine();
  }

  private void emitReadBack() {
    Label narrow = new Label("read back narrow");
    a.mov(RDX, ptr(RBX, Functions.CONFIG)).mov(ECX, ptr(R12, REGISTER));
    a.mov(EAX, ptr(RDX, RCX, 1, 0)).sub(EAX, ptr(R12, FLAGS));
    a.test(DWORD, ptr(R12, FLAGS), FLAG_IO).jnz(narrow);
    a.test(DWORD, ptr(R12, FLAGS), FLAG_64).jz(narrow);
    a.mov(ECX, ptr(RDX, RCX, 1, 4)).shl(RCX, 32).or(RAX, RCX);
    a.label(narrow).cmp(RAX, ptr(R12, ADDRESS));
    r.check(Cond.E, "BAR holds its address");
  }

  /** Keeps where the first memory BAR and the first I/O BAR are. */
  private void emitKeepRegisters() {
    Label next = new Label("main bar next");
    Label ports = new Label("main bar ports");
    Label skip = new Label("main bar skip");
    a.lea(R12, ptr(RBX, Functions.BARS)).mov(R13D, COUNT);
    a.label(next).cmp(QWORD, ptr(R12, ADDRESS), 0).jz(skip);
    a.test(DWORD, ptr(R12, FLAGS), FLAG_IO).jnz(ports);
    a.cmp(QWORD, ptr(RBX, Functions.MAIN_BAR), 0).jnz(skip);
    a.mov(ptr(RBX, Functions.MAIN_BAR), R12);
    a.mov(RAX, ptr(R12, ADDRESS)).call(addresses.map).mov(ptr(RBX, Functions.REGISTERS), RAX);
    a.jmp(skip).label(ports).cmp(DWORD, ptr(RBX, Functions.PORTS), 0).jnz(skip);
    a.mov(EAX, ptr(R12, ADDRESS)).mov(ptr(RBX, Functions.PORTS), EAX);
    a.label(skip).add(R12, ENTRY_BYTES).dec(R13D).jnz(next);
  }

  void emitRoutines() {
    emitSize();
    emitFindPlace();
    emitProgram();
    emitPutBar();
  }

  /** {@link #size}: finds kind and size of the BAR at R12, whose register R13D is. */
  private void emitSize() {
    Label memory = new Label("size memory");
    Label narrow = new Label("size narrow");
    Label none = new Label("size none");
    a.label(size).mov(RDX, ptr(RBX, Functions.CONFIG)).add(RDX, R13);
    a.mov(ECX, ptr(RDX)).mov(DWORD, ptr(RDX), -1).mov(EAX, ptr(RDX)).mov(ptr(RDX), ECX);
    a.test(EAX, EAX).jz(none).test(AL, FLAG_IO).jz(memory);
    // The upper half of an I/O BAR may be fixed at 0.
    a.mov(DWORD, ptr(R12, FLAGS), FLAG_IO).and(EAX, 0xfffc).or(EAX, 0xffff_0000L).jmp(narrow);
    a.label(memory).mov(ECX, EAX).and(ECX, 0xf).mov(ptr(R12, FLAGS), ECX).and(EAX, -16L);
    a.test(CL, FLAG_64).jz(narrow);
    a.mov(ESI, ptr(RDX, 4)).mov(DWORD, ptr(RDX, 4), -1).mov(ECX, ptr(RDX, 4));
    a.mov(ptr(RDX, 4), ESI).shl(RCX, 32).or(RAX, RCX).xor(RAX, -1).inc(RAX);
    a.mov(ptr(R12, SIZE), RAX).ret();
    a.label(narrow).xor(EAX, -1).inc(EAX).mov(ptr(R12, SIZE), RAX).label(none).ret();
  }

  private void emitFindPlace() {
    Label low = new Label("place low");
    Label ports = new Label("place ports");
    a.label(findPlace).mov(RCX, ptr(R12, SIZE)).mov(EAX, ptr(R12, FLAGS));
    a.test(AL, FLAG_IO).jnz(ports).and(EAX, FLAG_64 | FLAG_PREFETCHABLE);
    a.cmp(EAX, FLAG_64 | FLAG_PREFETCHABLE).jnz(low);
    a.mov(RDI, allocator.mmio64).call(allocator.allocate).test(RAX, RAX);
    Label found = new Label("place found");
    a.jnz(found).label(low).mov(RDI, allocator.mmio32).jmp(allocator.allocate);
    a.label(ports).mov(RDI, allocator.ports).jmp(allocator.allocate);
    a.label(found).ret();
  }

  private void emitProgram() {
    Label narrow = new Label("program narrow");
    Label next = new Label("program next");
    Label skip = new Label("program skip");
    a.label(program).mov(RDX, ptr(RBX, Functions.CONFIG)).mov(ECX, ptr(R12, REGISTER));
    a.add(RDX, RCX).mov(RAX, ptr(R12, ADDRESS)).mov(ptr(RDX), EAX);
    a.test(DWORD, ptr(R12, FLAGS), FLAG_IO).jnz(narrow);
    a.test(DWORD, ptr(R12, FLAGS), FLAG_64).jz(narrow);
    a.shr(RAX, 32).mov(ptr(RDX, 4), EAX).label(narrow).ret();

    a.label(programAll).push(R12).lea(R12, ptr(RBX, Functions.BARS)).mov(EDI, COUNT);
    a.label(next).cmp(QWORD, ptr(R12, ADDRESS), 0).jz(skip).call(program);
    a.label(skip).add(R12, ENTRY_BYTES).dec(EDI).jnz(next).pop(R12).ret();
  }

  /** {@link #putBar}: prints number, kind and size of the BAR at R12. */
  private void emitPutBar() {
    Label ports = new Label("print ports");
    Label wide = new Label("print 64-bit");
    Label kind = new Label("print kind");
    Label plain = new Label("print not prefetchable");
    Label out = new Label("print size");
    a.label(putBar);
    r.print("BAR ");
    a.mov(EAX, ptr(R12, REGISTER)).sub(EAX, FIRST_REGISTER).shr(EAX, 2).call(r.putDec);
    a.mov(EAX, ptr(R12, FLAGS)).test(AL, FLAG_IO).jnz(ports).test(AL, FLAG_64).jnz(wide);
    r.print(": 32-bit memory");
    a.jmp(kind).label(wide);
    r.print(": 64-bit memory");
    a.label(kind).test(BYTE, ptr(R12, FLAGS), FLAG_PREFETCHABLE).jz(plain);
    r.print(", prefetchable");
    a.label(plain).jmp(out).label(ports);
    r.print(": I/O");
    a.label(out);
    r.print(", ");
    a.mov(RAX, ptr(R12, SIZE)).call(r.putHex);
    r.print(" bytes");
    a.ret();
  }
}
