package javelin.boot.guest.selftest;

import static javelin.boot.guest.asm.Mem.ptr;
import static javelin.boot.guest.asm.Reg.*;
import static javelin.boot.guest.asm.Width.*;

import javelin.boot.guest.asm.Assembler;
import javelin.boot.guest.asm.Cond;
import javelin.boot.guest.asm.Label;
import javelin.boot.guest.runtime.GuestEntry;
import javelin.boot.guest.runtime.GuestRuntime;

/**
 * The memory map: prints it, looks for overlaps, and tries the first and the last eight bytes of
 * every RAM range. All of them are written before any is read back, so that two addresses that
 * share their memory are found out.
 */
final class MemoryChecks {
  private static final int TYPE_RAM = 1;
  private static final int PAGE_SHIFT = 21;
  private static final int PDE_LARGE_PRESENT_WRITE = 0x83;
  private static final long PATTERN = 0x5aa5_c33c_0ff0_9669L;
  private static final int MIB_SHIFT = 20;

  private final GuestRuntime r;
  private final GuestEntry entry;
  private final Assembler a;
  private final Label probes;
  private final Label saved;

  MemoryChecks(GuestRuntime r, GuestEntry entry) {
    this.r = r;
    this.entry = entry;
    this.a = r.a;
    probes = r.variable("probes", 8 * GuestEntry.WINDOW_PAGES);
    saved = r.variable("saved", 8 * GuestEntry.WINDOW_PAGES);
  }

  void emit() {
    printMap();
    checkOverlaps();
    collectProbes();
    writeProbes();
    verifyProbes();
    a.test(EBP, EBP);
    r.check(Cond.E, "RAM holds what is written");
    r.endLine();
  }

  /** Prints the ranges; leaves the bytes of RAM in R12 and the number of RAM ranges in R13. */
  private void printMap() {
    Label next = new Label("map next");
    Label other = new Label("map not RAM");
    Label printed = new Label("map printed");
    Label out = new Label("map out");
    r.print("Memory  ");
    a.xor(R12D, R12D).xor(R13D, R13D).mov(EBP, ptr(entry.mapCount)).mov(RBX, entry.map);
    a.test(EBP, EBP);
    r.check(Cond.NE, "memory map has entries");
    a.test(EBP, EBP).jz(out);
    a.label(next);
    a.mov(RAX, ptr(RBX)).call(r.putHex);
    r.print("-");
    a.mov(RAX, ptr(RBX)).add(RAX, ptr(RBX, 8)).dec(RAX).call(r.putHex);
    a.cmp(DWORD, ptr(RBX, 16), TYPE_RAM).jnz(other);
    a.add(R12, ptr(RBX, 8)).inc(R13D);
    r.print(" RAM\r\n        ");
    a.jmp(printed).label(other);
    r.print(" type ");
    a.mov(EAX, ptr(RBX, 16)).call(r.putDec);
    r.print("\r\n        ");
    a.label(printed).add(RBX, GuestEntry.MAP_ENTRY_BYTES).dec(EBP).jnz(next);
    a.label(out).mov(RAX, R12).shr(RAX, MIB_SHIFT).call(r.putDec);
    r.print(" MiB of RAM");
    a.test(R13D, R13D);
    r.check(Cond.NE, "memory map has RAM");
  }

  private void checkOverlaps() {
    Label outer = new Label("overlap outer");
    Label inner = new Label("overlap inner");
    Label apart = new Label("overlap apart");
    Label skip = new Label("overlap skip");
    Label out = new Label("overlap out");
    // RBX: one range, RDI: a later one, R9: end of the map, EBP: overlaps found.
    a.xor(EBP, EBP).mov(EAX, ptr(entry.mapCount)).test(EAX, EAX).jz(out);
    a.lea(RAX, ptr(RAX, RAX, 2, 0)).lea(R9, ptr(entry.map, RAX, 8)).mov(RBX, entry.map);
    a.label(outer).mov(R10, ptr(RBX)).mov(R11, ptr(RBX, 8)).add(R11, R10).mov(RDI, RBX);
    a.label(inner).add(RDI, GuestEntry.MAP_ENTRY_BYTES).cmp(RDI, R9).jae(skip);
    a.mov(RAX, ptr(RDI)).cmp(RAX, R11).jae(apart).add(RAX, ptr(RDI, 8)).cmp(RAX, R10);
    a.j(Cond.BE, apart).inc(EBP).label(apart).jmp(inner);
    a.label(skip).add(RBX, GuestEntry.MAP_ENTRY_BYTES).cmp(RBX, R9).jb(outer);
    a.label(out).test(EBP, EBP);
    r.check(Cond.E, "memory ranges do not overlap");
  }

  /** Maps both ends of each RAM range; leaves the number of probes in R12. */
  private void collectProbes() {
    Label next = new Label("collect next");
    Label skip = new Label("collect skip");
    Label out = new Label("collect out");
    Label map = new Label("collect map");
    a.xor(R12D, R12D).mov(EBP, ptr(entry.mapCount)).mov(RBX, entry.map).test(EBP, EBP).jz(out);
    a.label(next).cmp(DWORD, ptr(RBX, 16), TYPE_RAM).jnz(skip);
    a.cmp(QWORD, ptr(RBX, 8), 16).jb(skip);
    a.mov(RAX, ptr(RBX)).add(RAX, 7).and(RAX, -8).call(map);
    a.mov(RAX, ptr(RBX)).add(RAX, ptr(RBX, 8)).sub(RAX, 8).and(RAX, -8).call(map);
    a.label(skip).add(RBX, GuestEntry.MAP_ENTRY_BYTES).dec(EBP).jnz(next).jmp(out);

    // RAX: physical address. A fresh page of the window each time, so nothing needs flushing.
    a.label(map).mov(RDX, RAX).and(RAX, -(1L << PAGE_SHIFT)).sub(RDX, RAX);
    a.or(RAX, PDE_LARGE_PRESENT_WRITE).mov(ptr(entry.windowDirectory, R12, 8), RAX);
    a.mov(RCX, R12).shl(RCX, PAGE_SHIFT).add(RDX, RCX).mov(RCX, GuestEntry.WINDOW).add(RDX, RCX);
    a.mov(ptr(probes, R12, 8), RDX).inc(R12).ret();
    a.label(out);
  }

  private void writeProbes() {
    Label next = new Label("write next");
    Label out = new Label("write out");
    a.xor(EBX, EBX).mov(R8, PATTERN).test(R12, R12).jz(out);
    a.label(next).mov(RSI, ptr(probes, RBX, 8));
    a.mov(RAX, ptr(RSI)).mov(ptr(saved, RBX, 8), RAX);
    a.mov(RAX, RSI).xor(RAX, R8).mov(ptr(RSI), RAX).inc(RBX).cmp(RBX, R12).jb(next);
    a.label(out);
  }

  /** Reads back and restores; leaves the number of mismatches in EBP. */
  private void verifyProbes() {
    Label next = new Label("verify next");
    Label good = new Label("verify good");
    Label out = new Label("verify out");
    a.xor(EBX, EBX).xor(EBP, EBP).test(R12, R12).jz(out);
    a.label(next).mov(RSI, ptr(probes, RBX, 8)).mov(RAX, RSI).xor(RAX, R8);
    a.cmp(RAX, ptr(RSI)).jz(good).inc(EBP).label(good);
    a.mov(RAX, ptr(saved, RBX, 8)).mov(ptr(RSI), RAX).inc(RBX).cmp(RBX, R12).jb(next);
    a.label(out);
  }
}
