package javelin.boot.guest.selftest;

import static javelin.boot.guest.asm.Mem.ptr;
import static javelin.boot.guest.asm.Reg.*;
import static javelin.boot.guest.asm.Width.*;

import javelin.boot.guest.asm.Assembler;
import javelin.boot.guest.asm.Cond;
import javelin.boot.guest.asm.Label;
import javelin.boot.guest.runtime.AcpiChecks;
import javelin.boot.guest.runtime.Apic;
import javelin.boot.guest.runtime.GuestEntry;
import javelin.boot.guest.runtime.GuestRuntime;

/**
 * Starts every processor of the MADT by INIT, SIPI, SIPI (Intel SDM volume 3, 9.4.4). Each counts
 * itself under the id that its own APIC gives, and halts.
 */
final class SmpChecks {
  private static final int INIT_DELAY_US = 200;
  private static final int FIRST_WAIT_US = 20_000;
  private static final int SECOND_WAIT_US = 2_000_000;
  private static final int IDS = 256;

  private final GuestRuntime r;
  private final GuestEntry entry;
  private final AcpiChecks acpi;
  private final Apic apic;
  private final Assembler a;

  /** One byte per APIC id: how often that processor has arrived. */
  private final Label arrivals;

  private final Label arrived;

  SmpChecks(GuestRuntime r, GuestEntry entry, AcpiChecks acpi, Apic apic) {
    this.r = r;
    this.entry = entry;
    this.acpi = acpi;
    this.apic = apic;
    this.a = r.a;
    arrivals = r.variable("arrivals", IDS);
    arrived = r.variable("arrived", 4);
  }

  void emit() {
    Label up = new Label("smp up");
    Label out = new Label("smp out");
    r.print("CPUs    ");
    a.mov(EBP, ptr(acpi.cpuCount)).test(EBP, EBP).jz(out).dec(EBP).jz(up);
    entry.copyTrampoline();
    a.mov(R9D, EAX).or(R9D, Apic.ICR_STARTUP);
    sendToOthers(() -> a.mov(EAX, Apic.ICR_INIT), false);
    r.delay(INIT_DELAY_US);
    sendToOthers(() -> a.mov(EAX, R9D), false);
    r.await(this::compareArrived, Cond.E, FIRST_WAIT_US);
    compareArrived();
    a.jz(up);
    sendToOthers(() -> a.mov(EAX, R9D), true);
    r.await(this::compareArrived, Cond.E, SECOND_WAIT_US);
    a.label(up).mov(EAX, ptr(arrived)).inc(EAX).call(r.putDec);
    r.print(" of ");
    a.lea(EAX, ptr(RBP, 1)).call(r.putDec);
    r.print(" up, APIC ids");
    printIds();
    compareArrived();
    r.check(Cond.E, "every CPU started");
    a.cmp(EBX, EBP);
    r.check(Cond.E, "every CPU started once, under its own id");
    a.label(out);
    r.endLine();
  }

  private void compareArrived() {
    a.cmp(ptr(arrived), EBP);
  }

  /** Sends a command to every CPU but this one, or only to those that have not arrived. */
  private void sendToOthers(Runnable command, boolean missingOnly) {
    Label next = new Label("send next");
    Label skip = new Label("send skip");
    a.xor(EBX, EBX).label(next).mov(EDX, ptr(acpi.cpuIds, RBX, 4));
    a.cmp(EDX, ptr(apic.bootId)).jz(skip);
    if (missingOnly) {
      a.cmp(EDX, IDS).jae(skip).cmp(BYTE, ptr(arrivals, RDX, 1), 0).jnz(skip);
    }
    command.run();
    a.call(apic.send).label(skip).inc(EBX).cmp(EBX, EBP).j(Cond.BE, next);
  }

  /** Prints the ids of those that are here; EBX = other CPUs that arrived exactly once. */
  private void printIds() {
    Label next = new Label("ids next");
    Label print = new Label("ids print");
    Label skip = new Label("ids skip");
    a.xor(EBX, EBX).xor(R12D, R12D);
    a.label(next).mov(R13D, ptr(acpi.cpuIds, R12, 4)).cmp(R13D, ptr(apic.bootId)).jz(print);
    a.cmp(R13D, IDS).jae(skip).cmp(BYTE, ptr(arrivals, R13, 1), 1).jnz(skip).inc(EBX);
    a.label(print);
    r.print(" ");
    r.printDec(R13D);
    a.label(skip).inc(R12D).cmp(R12D, EBP).j(Cond.BE, next);
  }

  /** What an application processor does: there is no stack. */
  void emitApplicationProcessor() {
    Label x2apic = new Label("ap x2apic");
    Label known = new Label("ap id");
    Label halt = new Label("ap halt");
    a.label(entry.applicationProcessor);
    a.mov(ECX, Apic.MSR_APIC_BASE).rdmsr().test(EAX, Apic.APIC_BASE_X2APIC).jnz(x2apic);
    a.mov(RBX, Apic.DEFAULT_PAGE).mov(EAX, ptr(RBX, Apic.REG_ID)).shr(EAX, 24).jmp(known);
    a.label(x2apic).mov(ECX, Apic.MSR_X2APIC_ID).rdmsr();
    a.label(known).and(EAX, IDS - 1).lock().inc(BYTE, ptr(arrivals, RAX, 1));
    a.lock().inc(DWORD, ptr(arrived));
    a.label(halt).cli().hlt().jmp(halt);
  }
}
