package javelin.boot.guest.runtime;

import static javelin.boot.guest.asm.ControlReg.CR0;
import static javelin.boot.guest.asm.ControlReg.CR3;
import static javelin.boot.guest.asm.ControlReg.CR4;
import static javelin.boot.guest.asm.Mem.abs;
import static javelin.boot.guest.asm.Mem.ptr;
import static javelin.boot.guest.asm.Reg.*;
import static javelin.boot.guest.asm.Width.*;

import javelin.boot.guest.asm.Assembler;
import javelin.boot.guest.asm.Cond;
import javelin.boot.guest.asm.Label;
import javelin.boot.guest.asm.Mode;
import javelin.boot.guest.asm.Seg;

/**
 * The ways into the guest, each of which ends at {@link #main} in the same state: 64-bit code on
 * the guest's own GDT, page tables and stack, with the loader's memory map and RSDP address copied,
 * so that nothing the loader left in low memory is needed any more.
 *
 * <p>Page tables: the lowest 4 GiB are mapped to themselves; above them lies a window of 512 pages
 * of 2 MiB through which {@link MemoryChecks} reaches any address.
 */
public final class GuestEntry {
  public static final int SELECTOR_DATA = 0x10;
  public static final int SELECTOR_CODE64 = 0x18;

  /** Bytes at the start of the image that nothing uses: the memory check writes to them. */
  public static final int PROBE_BYTES = 16;

  /** Virtual address of the window, and its number of 2 MiB pages. */
  public static final long WINDOW = 1L << 32;

  public static final int WINDOW_PAGES = 512;

  /** Entries kept of the memory map; 128 is what the zero page can hold. */
  public static final int MAP_ENTRIES = 128;

  /** Bytes of one entry of the map: address (8), size (8), type (4), padding (4). */
  public static final int MAP_ENTRY_BYTES = 24;

  private static final int SELECTOR_CODE32 = 0x08;
  private static final int GDT_BYTES = 4 * 8;
  private static final int STACK_BYTES = 4096;
  private static final int PAGE = 4096;

  /** Real-mode code of the application processors: any page below 1 MiB. */
  private static final int TRAMPOLINE = 0x8000;

  private static final int PTE_PRESENT_WRITE = 3;
  private static final int PDE_UNCACHED = 0x18;
  private static final int PDE_LARGE = 0x80;
  private static final int CR4_PAE = 0x20;
  private static final int CR0_PE = 1;
  private static final long CR0_PG = 0x8000_0000L;
  private static final long CR0_CACHE_OFF = 0x6000_0000L;
  private static final int MSR_EFER = 0xc000_0080;
  private static final int EFER_LME = 0x100;

  // struct boot_params (arch/x86/include/uapi/asm/bootparam.h)
  private static final int ZERO_PAGE_RSDP = 0x70;
  private static final int ZERO_PAGE_E820_COUNT = 0x1e8;
  private static final int ZERO_PAGE_E820 = 0x2d0;
  private static final int E820_ENTRY_BYTES = 20;

  // struct hvm_start_info (xen/include/public/arch-x86/hvm/start_info.h)
  private static final int PVH_RSDP = 32;
  private static final int PVH_MEMMAP = 40;
  private static final int PVH_MEMMAP_COUNT = 48;

  public final Label linux64 = new Label("linux64");
  public final Label pvh32 = new Label("pvh32");

  /** Where every entry ends. */
  public final Label main = new Label("main");

  /** Where application processors arrive, in 64-bit code, without a stack. */
  public final Label applicationProcessor = new Label("ap64");

  /** The window's page directory. */
  public final Label windowDirectory = new Label("windowDirectory");

  public final Label map;
  public final Label mapCount;
  public final Label rsdp;

  /** Name of the entry that was taken (address of a text). */
  public final Label entryName;

  private final Assembler a;
  private final Label gdt = new Label("gdt");
  private final Label gdtPointer32 = new Label("gdtPointer32");
  private final Label gdtPointer64 = new Label("gdtPointer64");
  private final Label pml4 = new Label("pml4");
  private final Label pdpt = new Label("pdpt");
  private final Label directories = new Label("directories");
  private final Label stackTop = new Label("stackTop");
  private final Label trampoline = new Label("trampoline");
  private final Label trampolineEnd = new Label("trampolineEnd");
  private final Label ap32 = new Label("ap32");

  public GuestEntry(GuestRuntime r) {
    this.a = r.a;
    map = r.variable("map", MAP_ENTRIES * MAP_ENTRY_BYTES);
    mapCount = r.variable("mapCount", 4);
    rsdp = r.variable("rsdp", 8);
    entryName = r.variable("entryName", 8);
  }

  /** The entries of the boot processor, up to the jumps to {@link #main}. */
  public void emitCode(Label linuxName, Label pvhName) {
    a.zero(PROBE_BYTES);
    emitLinux64(linuxName);
    emitPvh(pvhName);
  }

  private void emitLinux64(Label name) {
    Label reloaded = new Label("linux64 own segments");
    Label counted = new Label("linux64 count");
    a.label(linux64).mode(Mode.BITS64).cli().cld();
    a.mov(RSP, stackTop).lgdt(ptr(gdtPointer64));
    a.mov(RAX, reloaded).push(SELECTOR_CODE64).push(RAX).lretq();
    a.label(reloaded);
    loadDataSegments();
    a.mov(RAX, pml4).mov(CR3, RAX);
    a.mov(RAX, name).mov(ptr(entryName), RAX);
    a.mov(RAX, ptr(RSI, ZERO_PAGE_RSDP)).mov(ptr(rsdp), RAX);
    a.movzx(ECX, BYTE, ptr(RSI, ZERO_PAGE_E820_COUNT)).cmp(ECX, MAP_ENTRIES);
    a.j(Cond.BE, counted).mov(ECX, MAP_ENTRIES).label(counted);
    a.add(RSI, ZERO_PAGE_E820).mov(EDX, E820_ENTRY_BYTES);
    copyMap();
  }

  private void emitPvh(Label name) {
    Label entered = new Label("pvh64");
    Label counted = new Label("pvh count");
    a.label(pvh32).mode(Mode.BITS32).cli().cld().lgdt(ptr(gdtPointer32));
    enterLongMode(entered);
    a.label(entered).mode(Mode.BITS64).mov(RSP, stackTop).mov(EBX, EBX);
    a.mov(RAX, name).mov(ptr(entryName), RAX);
    a.mov(RAX, ptr(RBX, PVH_RSDP)).mov(ptr(rsdp), RAX);
    a.mov(RSI, ptr(RBX, PVH_MEMMAP)).mov(ECX, ptr(RBX, PVH_MEMMAP_COUNT)).cmp(ECX, MAP_ENTRIES);
    a.j(Cond.BE, counted).mov(ECX, MAP_ENTRIES).label(counted);
    a.mov(EDX, MAP_ENTRY_BYTES);
    copyMap();
  }

  /** Copies ECX entries of EDX bytes from RSI to the map, then goes on to main. */
  private void copyMap() {
    Label next = new Label("copy map");
    a.mov(ptr(mapCount), ECX).mov(RDI, map).test(ECX, ECX).jz(main);
    a.label(next).mov(RAX, ptr(RSI)).mov(ptr(RDI), RAX);
    a.mov(RAX, ptr(RSI, 8)).mov(ptr(RDI, 8), RAX).mov(EAX, ptr(RSI, 16)).mov(ptr(RDI, 16), EAX);
    a.add(RSI, RDX).add(RDI, MAP_ENTRY_BYTES).dec(ECX).jnz(next).jmp(main);
  }

  private void loadDataSegments() {
    a.mov(EAX, SELECTOR_DATA).mov(Seg.DS, EAX).mov(Seg.ES, EAX).mov(Seg.SS, EAX);
  }

  /** From flat protected mode without paging to 64-bit code (Intel SDM volume 3, 9.8.5). */
  private void enterLongMode(Label target) {
    loadDataSegments();
    a.mov(EAX, CR4).or(EAX, CR4_PAE).mov(CR4, EAX);
    a.mov(EAX, pml4).mov(CR3, EAX);
    a.mov(ECX, MSR_EFER).rdmsr().or(EAX, EFER_LME).wrmsr();
    // INIT leaves the caches off.
    a.mov(EAX, CR0).and(EAX, 0xffff_ffffL & ~CR0_CACHE_OFF).or(EAX, CR0_PG).mov(CR0, EAX);
    a.ljmp(SELECTOR_CODE64, target);
  }

  /**
   * The way of application processors to {@link #applicationProcessor}, for a guest that starts
   * some.
   */
  public void emitApplicationProcessors() {
    a.label(ap32).mode(Mode.BITS32);
    enterLongMode(applicationProcessor);
    // Runs at TRAMPOLINE, with CS there; the GDT pointer lies behind the code.
    Label pointer = new Label("trampoline GDT pointer");
    a.align(8).label(trampoline).mode(Mode.BITS16);
    long start = a.here();
    a.cli().mov(AX, Seg.CS).mov(Seg.DS, EAX);
    int codeBytes = 32;
    a.lgdt(abs(codeBytes));
    a.mov(EAX, CR0).or(AL, CR0_PE).mov(CR0, EAX).ljmp(SELECTOR_CODE32, ap32);
    a.zero((int) (start + codeBytes - a.here())).label(pointer).tablePointer(GDT_BYTES, gdt);
    a.label(trampolineEnd).mode(Mode.BITS64);
  }

  /** Copies the trampoline to low memory; leaves its page number, the SIPI vector, in EAX. */
  public void copyTrampoline() {
    a.mov(RSI, trampoline).mov(RDI, TRAMPOLINE).mov(RCX, trampolineEnd).sub(RCX, RSI);
    a.rep().movs(BYTE).mov(EAX, TRAMPOLINE / PAGE);
  }

  /** GDT and page tables. */
  public void emitData() {
    a.align(16).label(gdt).dq(0).gdtCode32().gdtData().gdtCode64();
    a.label(gdtPointer32).mode(Mode.BITS32).tablePointer(GDT_BYTES, gdt);
    a.align(8).label(gdtPointer64).mode(Mode.BITS64).tablePointer(GDT_BYTES, gdt);
    a.align(PAGE).label(pml4).dq(pdpt, PTE_PRESENT_WRITE).align(PAGE);
    a.label(pdpt);
    for (int gib = 0; gib < 4; gib++) {
      a.dq(directories, (long) gib * PAGE + PTE_PRESENT_WRITE);
    }
    a.dq(windowDirectory, PTE_PRESENT_WRITE).align(PAGE).label(directories);
    for (int page = 0; page < 4 * 512; page++) {
      // The last GiB holds the devices.
      int cache = page >= 3 * 512 ? PDE_UNCACHED : 0;
      a.dq((long) page << 21 | PDE_LARGE | cache | PTE_PRESENT_WRITE);
    }
  }

  /** Memory that needs no content: the window's directory and the stack. */
  public void emitRoom() {
    a.align(PAGE).label(windowDirectory).zero(PAGE);
    a.zero(STACK_BYTES).label(stackTop);
  }
}
