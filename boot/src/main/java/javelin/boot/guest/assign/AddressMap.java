package javelin.boot.guest.assign;

import static javelin.boot.guest.asm.Mem.ptr;
import static javelin.boot.guest.asm.Reg.*;
import static javelin.boot.guest.asm.Width.*;

import javelin.boot.guest.asm.Assembler;
import javelin.boot.guest.asm.Label;
import javelin.boot.guest.runtime.GuestEntry;

/**
 * The way to addresses above 4 GiB, uncached, 2 MiB at a time: each stretch takes a fresh page of
 * the {@link GuestEntry}'s window, or the one that it has already.
 */
final class AddressMap {
  private static final int PAGE_SHIFT = 21;

  /** Present, writable, uncached, 2 MiB. */
  private static final int PDE = 0x9b;

  /** RAX = where physical address RAX is seen; changes RCX, RDX and RSI. */
  final Label map = new Label("map");

  private final Assembler a;
  private final GuestEntry entry;

  AddressMap(Kit kit) {
    a = kit.a();
    entry = kit.entry();
  }

  void emitRoutines() {
    Label low = new Label("map low");
    Label next = new Label("map next");
    Label fresh = new Label("map fresh");
    Label found = new Label("map found");
    a.label(map).mov(RDX, RAX).shr(RDX, 32).jz(low);
    a.mov(RDX, RAX).shr(RDX, PAGE_SHIFT).shl(RDX, PAGE_SHIFT).sub(RAX, RDX).or(RDX, PDE);
    // The accessed and dirty bits are the processor's.
    a.xor(ECX, ECX).label(next).mov(RSI, ptr(entry.windowDirectory, RCX, 8));
    a.test(RSI, RSI).jz(fresh).and(RSI, ~0x60L).cmp(RSI, RDX).jz(found);
    a.inc(ECX).cmp(ECX, GuestEntry.WINDOW_PAGES - 1).jnz(next);
    a.label(fresh).mov(ptr(entry.windowDirectory, RCX, 8), RDX);
    a.label(found).shl(RCX, PAGE_SHIFT).add(RAX, RCX).mov(RDX, GuestEntry.WINDOW).add(RAX, RDX);
    a.label(low).ret();
  }
}
