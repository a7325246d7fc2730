package javelin.boot.guest.assign;

import static javelin.boot.guest.asm.Mem.ptr;
import static javelin.boot.guest.asm.Reg.*;
import static javelin.boot.guest.asm.Width.*;

import java.util.Map;
import java.util.TreeMap;
import javelin.boot.guest.asm.Assembler;
import javelin.boot.guest.asm.Cond;
import javelin.boot.guest.asm.Label;
import javelin.boot.guest.runtime.GuestRuntime;

/**
 * Walks the two lists of capabilities of a function, prints their names, and keeps the offsets of
 * those that other checks use (uapi linux/pci_regs.h, PCI_CAP_ID_* and PCI_EXT_CAP_ID_*).
 */
public final class Capabilities {
  /** As many as a configuration space has room for; a list that is longer has a loop. */
  private static final int MOST = 48;

  private static final int MOST_EXTENDED = 480;
  private static final int STATUS = 6;
  private static final int STATUS_LIST = 0x10;
  private static final int FIRST = 0x34;
  private static final int FIRST_EXTENDED = 0x100;

  private static final Map<Integer, String> NAMES =
      new TreeMap<>(
          Map.ofEntries(
              Map.entry(0x01, "PM"),
              Map.entry(0x02, "AGP"),
              Map.entry(0x03, "VPD"),
              Map.entry(0x04, "slot ID"),
              Map.entry(0x05, "MSI"),
              Map.entry(0x07, "PCI-X"),
              Map.entry(0x09, "vendor"),
              Map.entry(0x0a, "debug port"),
              Map.entry(0x0d, "subsystem"),
              Map.entry(0x10, "PCI Express"),
              Map.entry(0x11, "MSI-X"),
              Map.entry(0x12, "SATA"),
              Map.entry(0x13, "AF"),
              Map.entry(0x14, "EA")));

  private static final Map<Integer, String> EXTENDED_NAMES =
      new TreeMap<>(
          Map.ofEntries(
              Map.entry(0x00, "hidden"),
              Map.entry(0x01, "AER"),
              Map.entry(0x02, "VC"),
              Map.entry(0x03, "serial number"),
              Map.entry(0x04, "power budget"),
              Map.entry(0x0b, "vendor-specific"),
              Map.entry(0x0d, "ACS"),
              Map.entry(0x0e, "ARI"),
              Map.entry(0x0f, "ATS"),
              Map.entry(0x10, "SR-IOV"),
              Map.entry(0x13, "PRI"),
              Map.entry(0x15, "resizable BAR"),
              Map.entry(0x18, "LTR"),
              Map.entry(0x19, "secondary PCIe"),
              Map.entry(0x1b, "PASID"),
              Map.entry(0x1e, "L1 substates")));

  /** Those that are kept: ID, and where in the record. */
  private static final Map<Integer, Integer> KEPT =
      new TreeMap<>(
          Map.of(
              0x01, Functions.CAP_PM,
              0x05, Functions.CAP_MSI,
              0x10, Functions.CAP_EXPRESS,
              0x11, Functions.CAP_MSIX,
              0x13, Functions.CAP_AF));

  private final GuestRuntime r;
  private final Assembler a;
  private final Functions functions;

  Capabilities(Kit kit, Functions functions) {
    r = kit.r();
    a = kit.a();
    this.functions = functions;
  }

  /** Both lists of the function at RBX, a line each where there is one. */
  public void emit() {
    Label none = new Label("no capabilities");
    Label conventional = new Label("no extended capabilities");
    a.test(BYTE, functions.config(STATUS), STATUS_LIST).jz(none);
    r.print("  capabilities");
    emitList();
    r.endLine();
    a.label(none).cmp(DWORD, ptr(RBX, Functions.CAP_EXPRESS), 0).jz(conventional);
    a.mov(EAX, functions.config(FIRST_EXTENDED)).test(EAX, EAX).jz(conventional);
    r.print("  extended capabilities");
    emitExtendedList();
    r.endLine();
    a.label(conventional);
  }

  private void emitList() {
    Label next = new Label("capability next");
    Label out = new Label("capability out");
    // R12: the capability, R13D: its ID, R14D: those left, R15: the configuration space.
    a.mov(R14D, MOST).mov(R15, ptr(RBX, Functions.CONFIG)).movzx(R12D, BYTE, ptr(R15, FIRST));
    a.label(next).and(R12D, 0xfc).jz(out).dec(R14D).j(Cond.S, out);
    a.movzx(R13D, BYTE, ptr(R15, R12, 1, 0));
    emitName(NAMES);
    KEPT.forEach(this::emitKeep);
    a.movzx(R12D, BYTE, ptr(R15, R12, 1, 1)).jmp(next);
    a.label(out).test(R12D, R12D);
    r.check(Cond.E, "the list of capabilities ends");
  }

  private void emitKeep(int id, int offset) {
    Label other = new Label("capability is not " + id);
    a.cmp(R13D, id).jnz(other).mov(ptr(RBX, offset), R12D).label(other);
  }

  private void emitExtendedList() {
    Label next = new Label("extended next");
    Label out = new Label("extended out");
    a.mov(R14D, MOST_EXTENDED).mov(R15, ptr(RBX, Functions.CONFIG)).mov(R12D, FIRST_EXTENDED);
    a.label(next).mov(R13D, ptr(R15, R12, 1, 0)).mov(R12D, R13D).shr(R12D, 20);
    a.and(R13D, 0xffff);
    emitName(EXTENDED_NAMES);
    a.and(R12D, 0xffc).jz(out).dec(R14D).jnz(next);
    a.label(out).test(R12D, R12D);
    r.check(Cond.E, "the list of extended capabilities ends");
  }

  /** Prints the name of ID R13D, or the ID where it has none. */
  private void emitName(Map<Integer, String> names) {
    Label done = new Label("capability named");
    names.forEach(
        (id, name) -> {
          Label other = new Label("not " + name);
          a.cmp(R13D, id).jnz(other);
          r.print(" (" + name + ")");
          a.jmp(done).label(other);
        });
    r.print(" ");
    a.mov(EAX, R13D).call(r.putHex).label(done);
  }
}
