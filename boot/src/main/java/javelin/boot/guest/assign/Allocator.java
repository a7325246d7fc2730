package javelin.boot.guest.assign;

import static javelin.boot.guest.asm.Mem.ptr;
import static javelin.boot.guest.asm.Reg.*;
import static javelin.boot.guest.asm.Width.*;

import javelin.boot.guest.asm.Assembler;
import javelin.boot.guest.asm.Cond;
import javelin.boot.guest.asm.Label;
import javelin.boot.guest.runtime.GuestRuntime;
import javelin.devices.pci.AddressWindow;

/**
 * Gives out the addresses of the platform's windows, each naturally aligned, and memory in whole
 * pages so that any BAR can be mapped into a guest of its own. What is given out never comes back.
 */
final class Allocator {
  private static final int END = 8;
  private static final int LEAST = 16;
  private static final int WINDOW_BYTES = 24;
  private static final int PAGE = 4096;
  private static final int FEWEST_PORTS = 4;

  /** RAX = an address for RCX bytes in the window at RDI, 0 where it is full. */
  final Label allocate = new Label("allocate");

  /** The windows: address of the next byte, of the end, least alignment (64 bits each). */
  final Label mmio32;

  final Label mmio64;
  final Label ports;

  private final Assembler a;
  private final PciPlatform platform;

  Allocator(Kit kit) {
    GuestRuntime r = kit.r();
    a = kit.a();
    platform = kit.platform();
    mmio32 = r.variable("mmio32", WINDOW_BYTES);
    mmio64 = r.variable("mmio64", WINDOW_BYTES);
    ports = r.variable("ports", WINDOW_BYTES);
  }

  /** Fills the windows; one that does not exist stays full. */
  void emitSetUp() {
    fill(mmio32, platform.mmio32(), PAGE);
    platform.mmio64().ifPresent(window -> fill(mmio64, window, PAGE));
    fill(ports, platform.ports(), FEWEST_PORTS);
  }

  private void fill(Label variable, AddressWindow window, int least) {
    a.mov(RAX, window.base()).mov(ptr(variable), RAX);
    a.mov(RAX, window.base() + window.length()).mov(ptr(variable, END), RAX);
    a.mov(QWORD, ptr(variable, LEAST), least);
  }

  void emitRoutines() {
    Label large = new Label("allocate large");
    Label full = new Label("allocate full");
    a.label(allocate).mov(RDX, ptr(RDI, LEAST)).cmp(RDX, RCX).jae(large).mov(RDX, RCX);
    a.label(large).mov(RSI, RDX).dec(RSI).mov(RAX, ptr(RDI)).add(RAX, RSI).xor(RSI, -1);
    a.and(RAX, RSI).lea(RSI, ptr(RAX, RDX, 1, 0)).cmp(RSI, ptr(RDI, END)).j(Cond.A, full);
    a.test(RAX, RAX).jz(full).mov(ptr(RDI), RSI).ret();
    a.label(full).xor(EAX, EAX).ret();
  }
}
