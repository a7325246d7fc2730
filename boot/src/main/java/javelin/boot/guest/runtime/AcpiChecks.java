package javelin.boot.guest.runtime;

import static javelin.boot.guest.asm.Mem.ptr;
import static javelin.boot.guest.asm.Reg.*;
import static javelin.boot.guest.asm.Width.*;

import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;
import javelin.boot.guest.asm.Assembler;
import javelin.boot.guest.asm.Cond;
import javelin.boot.guest.asm.Label;

/**
 * Walks RSDP, XSDT (or RSDT), FADT, DSDT and MADT, verifies every checksum, and keeps what the
 * later checks need. Field offsets: ACPI specification 6.4, chapter 5.2.
 */
public final class AcpiChecks {
  /** Most processors that are remembered. */
  public static final int MAX_CPUS = 64;

  private static final int BIOS_AREA = 0xe_0000;
  private static final int BIOS_AREA_END = 0x10_0000;
  private static final int UNROLLED = 16;
  private static final int HEADER_BYTES = 36;
  private static final int MAX_TABLE_BYTES = 1 << 20;
  private static final int FADT_DSDT = 40;
  private static final int FADT_PM1A_CNT = 64;
  private static final int FADT_PM_TMR = 76;
  private static final int FADT_FLAGS = 112;
  private static final int FADT_RESET_REG = 116;
  private static final int FADT_RESET_VALUE = 128;
  private static final int FADT_X_DSDT = 140;
  private static final int FADT_X_DSDT_END = 148;
  private static final int FLAG_RESET_REG_SUP = 1 << 10;
  private static final int SPACE_IO = 1;
  private static final int MADT_ENTRIES = 44;
  private static final int MADT_LOCAL_APIC = 0;
  private static final int MADT_IO_APIC = 1;
  private static final int MADT_OVERRIDE = 2;
  private static final int MADT_X2APIC = 9;
  private static final int MCFG_ECAM_BASE = 44;

  public final Label pm1aControl;
  public final Label pmTimer;
  public final Label ioApic;
  public final Label ioApicBase;
  public final Label pitGsi;
  public final Label pitFlags;
  public final Label cpuIds;
  public final Label cpuCount;
  public final Label ecam;

  private final GuestRuntime r;
  private final GuestEntry entry;
  private final Assembler a;
  private final Label fadt;
  private final Label madt;
  private final Label name;
  private final Label checksum = new Label("checksum");
  private final Label checkTable = new Label("checkTable");

  public AcpiChecks(GuestRuntime r, GuestEntry entry) {
    this.r = r;
    this.entry = entry;
    this.a = r.a;
    pm1aControl = r.variable("pm1aControl", 4);
    pmTimer = r.variable("pmTimer", 4);
    ioApic = r.variable("ioApic", 8);
    ioApicBase = r.variable("ioApicBase", 4);
    pitGsi = r.variable("pitGsi", 4);
    pitFlags = r.variable("pitFlags", 4);
    cpuIds = r.variable("cpuIds", 4 * MAX_CPUS);
    cpuCount = r.variable("cpuCount", 4);
    ecam = r.variable("ecam", 8);
    fadt = r.variable("fadt", 8);
    madt = r.variable("madt", 8);
    name = r.variable("tableName", 8);
  }

  public void emit() {
    Label out = new Label("acpi out");
    r.print("ACPI    ");
    findRsdp();
    a.test(RBX, RBX);
    r.check(Cond.NE, "RSDP found");
    a.test(RBX, RBX).jz(out);
    walkTables();
    readFadt();
    readMadt();
    a.label(out);
    r.endLine();
  }

  private static int tag(String text) {
    byte[] bytes = text.getBytes(StandardCharsets.US_ASCII);
    return ByteBuffer.wrap(bytes).order(ByteOrder.LITTLE_ENDIAN).getInt();
  }

  /** RBX = the RSDP, from the loader or else from the BIOS area; 0 if there is none. */
  private void findRsdp() {
    Label next = new Label("rsdp next");
    Label no = new Label("rsdp no");
    Label found = new Label("rsdp found");
    a.mov(RBX, ptr(entry.rsdp)).test(RBX, RBX).jnz(found);
    a.mov(EBX, BIOS_AREA).label(next).cmp(DWORD, ptr(RBX), tag("RSD ")).jnz(no);
    a.cmp(DWORD, ptr(RBX, 4), tag("PTR ")).jz(found);
    a.label(no).add(EBX, 16).cmp(EBX, BIOS_AREA_END).jb(next).xor(EBX, EBX);
    a.label(found);
  }

  private void walkTables() {
    Label old = new Label("acpi 1.0");
    Label root = new Label("acpi root");
    Label next = new Label("acpi next");
    Label narrow = new Label("acpi 32-bit pointer");
    Label table = new Label("acpi table");
    Label done = new Label("acpi done");
    r.print("RSDP at ");
    r.printHex(RBX);
    a.cmp(DWORD, ptr(RBX), tag("RSD "));
    r.check(Cond.E, "RSDP signature");
    a.mov(RSI, RBX).mov(ECX, 20).call(checksum);
    r.check(Cond.E, "RSDP checksum");
    // R13: root table, R14: size of its pointers.
    a.mov(R13D, ptr(RBX, 16)).mov(R14D, 4).cmp(BYTE, ptr(RBX, 15), 2).jb(old);
    a.mov(RSI, RBX).mov(ECX, HEADER_BYTES).call(checksum);
    r.check(Cond.E, "RSDP extended checksum");
    a.cmp(QWORD, ptr(RBX, 24), 0).jz(old);
    a.mov(R13, ptr(RBX, 24)).mov(R14D, 8).cmp(DWORD, ptr(R13), tag("XSDT"));
    r.check(Cond.E, "XSDT signature");
    a.jmp(root).label(old).cmp(DWORD, ptr(R13), tag("RSDT"));
    r.check(Cond.E, "RSDT signature");
    a.label(root).mov(RSI, R13).call(checkTable);
    r.check(Cond.E, "XSDT checksum");
    r.print(", tables");
    a.lea(RBX, ptr(R13, HEADER_BYTES)).mov(EBP, ptr(R13, 4)).add(RBP, R13);
    a.label(next).lea(RAX, ptr(RBX, R14, 1, 0)).cmp(RAX, RBP).j(Cond.A, done);
    a.mov(R15D, ptr(RBX)).cmp(R14D, 8).jnz(narrow).mov(R15, ptr(RBX)).label(narrow);
    a.call(table).add(RBX, R14).jmp(next);

    a.label(table);
    r.print(" ");
    a.mov(EAX, ptr(R15)).mov(ptr(name), EAX).mov(RSI, name).call(r.puts);
    a.mov(RSI, R15).call(checkTable);
    r.check(Cond.E, "table checksum");
    keep("FACP", 0, fadt);
    keep("APIC", 0, madt);
    keep("MCFG", MCFG_ECAM_BASE, ecam);
    a.ret().label(done);
  }

  /**
   * Keeps the address of the table at R15, or what lies in it at an offset, if it is that table.
   */
  private void keep(String signature, int offset, Label where) {
    Label other = new Label("not " + signature);
    a.cmp(DWORD, ptr(R15), tag(signature)).jnz(other);
    if (offset == 0) {
      a.mov(ptr(where), R15);
    } else {
      a.mov(RAX, ptr(R15, offset)).mov(ptr(where), RAX);
    }
    a.label(other);
  }

  private void readFadt() {
    Label out = new Label("fadt out");
    Label old = new Label("fadt 1.0");
    Label noReset = new Label("fadt no reset");
    Label reset = new Label("fadt reset");
    a.mov(RBX, ptr(fadt)).test(RBX, RBX);
    r.check(Cond.NE, "FADT found");
    a.test(RBX, RBX).jz(out);
    a.mov(EAX, ptr(RBX, FADT_PM_TMR)).mov(ptr(pmTimer), EAX);
    a.mov(EAX, ptr(RBX, FADT_PM1A_CNT)).mov(ptr(pm1aControl), EAX);
    r.print("\r\n        PM1a_CNT ");
    a.mov(EAX, ptr(pm1aControl)).call(r.putHex);
    a.cmp(DWORD, ptr(pm1aControl), 0);
    r.check(Cond.NE, "PM1a control block");
    a.cmp(DWORD, ptr(RBX, 4), FADT_RESET_VALUE).j(Cond.BE, noReset);
    a.test(DWORD, ptr(RBX, FADT_FLAGS), FLAG_RESET_REG_SUP).jz(noReset);
    r.print(", reset ");
    a.mov(RAX, ptr(RBX, FADT_RESET_REG + 4)).call(r.putHex);
    r.print(" = ");
    a.movzx(EAX, BYTE, ptr(RBX, FADT_RESET_VALUE)).call(r.putHex);
    a.cmp(BYTE, ptr(RBX, FADT_RESET_REG), SPACE_IO);
    a.jmp(reset).label(noReset).or(ECX, 1).label(reset);
    r.check(Cond.E, "reset register");
    a.mov(R12D, ptr(RBX, FADT_DSDT)).cmp(DWORD, ptr(RBX, 4), FADT_X_DSDT_END).jb(old);
    a.cmp(QWORD, ptr(RBX, FADT_X_DSDT), 0).jz(old).mov(R12, ptr(RBX, FADT_X_DSDT)).label(old);
    a.test(R12, R12);
    r.check(Cond.NE, "DSDT found");
    a.test(R12, R12).jz(out).cmp(DWORD, ptr(R12), tag("DSDT"));
    r.check(Cond.E, "DSDT signature");
    a.mov(RSI, R12).call(checkTable);
    r.check(Cond.E, "DSDT checksum");
    a.label(out);
  }

  private void readMadt() {
    Label next = new Label("madt next");
    Label x2apic = new Label("madt x2apic");
    Label io = new Label("madt io");
    Label override = new Label("madt override");
    Label cpu = new Label("madt cpu");
    Label skip = new Label("madt skip");
    Label done = new Label("madt done");
    Label out = new Label("madt out");
    a.mov(RBX, ptr(madt)).test(RBX, RBX);
    r.check(Cond.NE, "MADT found");
    a.test(RBX, RBX).jz(out);
    a.mov(EBP, ptr(RBX, 4)).add(RBP, RBX).add(RBX, MADT_ENTRIES);
    // R12: length of the entry at RBX. A length below 2 would never end.
    a.label(next).lea(RAX, ptr(RBX, 2)).cmp(RAX, RBP).j(Cond.A, done);
    a.movzx(R12D, BYTE, ptr(RBX, 1)).cmp(R12D, 2).jb(done);
    a.movzx(EAX, BYTE, ptr(RBX));
    a.cmp(AL, MADT_X2APIC).jz(x2apic).cmp(AL, MADT_IO_APIC).jz(io);
    a.cmp(AL, MADT_OVERRIDE).jz(override).cmp(AL, MADT_LOCAL_APIC).jnz(skip);
    a.movzx(EAX, BYTE, ptr(RBX, 3)).mov(ECX, ptr(RBX, 4)).jmp(cpu);
    a.label(x2apic).mov(EAX, ptr(RBX, 4)).mov(ECX, ptr(RBX, 8));
    a.label(cpu).test(CL, 1).jz(skip).mov(ECX, ptr(cpuCount)).cmp(ECX, MAX_CPUS).jae(skip);
    a.mov(ptr(cpuIds, RCX, 4), EAX).inc(DWORD, ptr(cpuCount)).jmp(skip);
    a.label(io).cmp(QWORD, ptr(ioApic), 0).jnz(skip);
    a.mov(EAX, ptr(RBX, 4)).mov(ptr(ioApic), RAX);
    a.mov(EAX, ptr(RBX, 8)).mov(ptr(ioApicBase), EAX).jmp(skip);
    a.label(override).cmp(BYTE, ptr(RBX, 3), 0).jnz(skip);
    a.mov(EAX, ptr(RBX, 4)).mov(ptr(pitGsi), EAX);
    a.movzx(EAX, WORD, ptr(RBX, 8)).mov(ptr(pitFlags), EAX);
    a.label(skip).add(RBX, R12).jmp(next);
    a.label(done).cmp(RBX, RBP);
    r.check(Cond.E, "MADT entries fill the table");
    r.print("; ");
    a.mov(EAX, ptr(cpuCount)).call(r.putDec);
    r.print(" CPUs, IOAPIC ");
    a.mov(RAX, ptr(ioApic)).call(r.putHex);
    a.cmp(DWORD, ptr(cpuCount), 0);
    r.check(Cond.NE, "MADT lists CPUs");
    a.cmp(QWORD, ptr(ioApic), 0);
    r.check(Cond.NE, "MADT lists an IOAPIC");
    a.label(out);
  }

  public void emitRoutines() {
    Label single = new Label("checksum single");
    Label many = new Label("checksum many");
    Label done = new Label("checksum done");
    Label bad = new Label("table bad");
    // Zero flag = ECX bytes at RSI add up to 0. Unrolled: an AML table has thousands of bytes, and
    // each instruction may be emulated.
    a.label(checksum).xor(EDX, EDX);
    a.label(many).cmp(ECX, UNROLLED).jb(single);
    for (int i = 0; i < UNROLLED; i++) {
      a.add(DL, ptr(RSI, i));
    }
    a.add(RSI, UNROLLED).sub(ECX, UNROLLED).jmp(many);
    a.label(single).test(ECX, ECX).jz(done).add(DL, ptr(RSI)).inc(RSI).dec(ECX).jmp(single);
    a.label(done).test(DL, DL).ret();
    // Zero flag = the table at RSI has a sane length and a good checksum.
    a.label(checkTable).mov(ECX, ptr(RSI, 4)).cmp(ECX, HEADER_BYTES).jb(bad);
    a.cmp(ECX, MAX_TABLE_BYTES).j(Cond.BE, checksum);
    a.label(bad).or(ECX, 1).ret();
  }
}
