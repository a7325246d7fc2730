package javelin.boot.guest.selftest;

import static javelin.boot.guest.asm.Mem.ptr;
import static javelin.boot.guest.asm.Reg.*;
import static javelin.boot.guest.asm.Width.*;

import javelin.boot.guest.asm.Assembler;
import javelin.boot.guest.asm.Cond;
import javelin.boot.guest.asm.Label;
import javelin.boot.guest.runtime.AcpiChecks;
import javelin.boot.guest.runtime.Apic;
import javelin.boot.guest.runtime.GuestRuntime;
import javelin.boot.guest.runtime.Interrupts;
import javelin.boot.guest.runtime.IoApic;

/**
 * Time: a one-shot of the local APIC timer, a one-shot of the PIT through the IOAPIC, and a wake-up
 * from HLT.
 */
final class TimerChecks {
  private static final int VECTOR_APIC_TIMER = 0x40;
  private static final int VECTOR_PIT = 0x41;
  private static final int TICK_TIMEOUT_US = 1_000_000;
  private static final int APIC_TIMER_COUNT = 20_000;
  private static final int APIC_TIMER_DIVIDE_BY_16 = 3;
  private static final int PIT_CHANNEL_0 = 0x40;
  private static final int PIT_CONTROL = 0x43;
  private static final int PIT_CH0_ONE_SHOT = 0x30;
  private static final int PIT_CH0_PERIODIC = 0x34;
  private static final int PIT_ONE_MS = 1193;
  private static final int PIT_TWENTY_MS = 23_864;

  private final GuestRuntime r;
  private final AcpiChecks acpi;
  private final Apic apic;
  private final IoApic ioApic;
  private final Assembler a;
  private final Label apicTimerTicks;
  private final Label pitTicks;

  TimerChecks(GuestRuntime r, AcpiChecks acpi, Apic apic, IoApic ioApic, Interrupts interrupts) {
    this.r = r;
    this.acpi = acpi;
    this.apic = apic;
    this.ioApic = ioApic;
    this.a = r.a;
    apicTimerTicks = interrupts.count(VECTOR_APIC_TIMER);
    pitTicks = interrupts.count(VECTOR_PIT);
  }

  /** One tick of the local APIC timer. */
  void emitApicTimer() {
    r.print(", one-shot timer");
    apic.set(Apic.REG_TIMER_DIVIDE, APIC_TIMER_DIVIDE_BY_16);
    apic.set(Apic.REG_LVT_TIMER, VECTOR_APIC_TIMER);
    startClock();
    apic.set(Apic.REG_TIMER_INITIAL, APIC_TIMER_COUNT);
    awaitTick(apicTimerTicks);
    r.check(Cond.E, "one tick of the local APIC timer");
    a.mov(ECX, Apic.REG_TIMER_CURRENT).call(apic.read).test(EAX, EAX);
    r.check(Cond.E, "one-shot timer stays at 0");
    r.endLine();
  }

  /** One tick of PIT channel 0 through the IOAPIC. */
  void emitPit() {
    Label out = new Label("no IOAPIC");
    r.print("IOAPIC  GSI ");
    a.mov(EAX, ptr(acpi.pitGsi)).call(r.putDec);
    a.cmp(QWORD, ptr(acpi.ioApic), 0);
    r.check(Cond.NE, "an IOAPIC to test");
    a.cmp(QWORD, ptr(acpi.ioApic), 0).jz(out);
    ioApic.lastPin();
    a.mov(EBP, ptr(acpi.pitGsi)).sub(EBP, ptr(acpi.ioApicBase));
    a.cmp(EAX, EBP);
    r.check(Cond.AE, "IOAPIC has that pin");
    a.cmp(EAX, EBP).jb(out);
    redirect();
    r.print(", PIT one-shot");
    r.outByte(PIT_CONTROL, PIT_CH0_ONE_SHOT);
    startClock();
    loadPit(PIT_ONE_MS);
    awaitTick(pitTicks);
    r.check(Cond.E, "one tick of the PIT through the IOAPIC");
    a.label(out);
    r.endLine();
  }

  /** Sends the PIT's GSI, with the polarity and trigger mode of the MADT, to its vector. */
  private void redirect() {
    Label high = new Label("active high");
    Label edge = new Label("edge");
    a.mov(EDX, VECTOR_PIT).mov(ECX, ptr(acpi.pitFlags));
    a.mov(EAX, ECX).and(EAX, 3).cmp(EAX, 3).jnz(high).or(EDX, IoApic.ACTIVE_LOW).label(high);
    a.and(ECX, 0xc).cmp(ECX, 0xc).jnz(edge).or(EDX, IoApic.LEVEL).label(edge);
    a.mov(ECX, ptr(acpi.pitGsi)).call(ioApic.redirect);
  }

  /**
   * HLT until the local APIC timer wakes the processor. The PIT ticks along, so that a lost wake-up
   * ends the wait instead of the test; without a PIT that works there is no such net and no test.
   */
  void emitHaltWake() {
    Label again = new Label("halt");
    Label awake = new Label("awake");
    Label skip = new Label("halt skip");
    a.cmp(DWORD, ptr(pitTicks), 0).jz(skip);
    a.cmp(DWORD, ptr(apicTimerTicks), 0).jz(skip);
    r.print("HLT     woken by the timer");
    r.outByte(PIT_CONTROL, PIT_CH0_PERIODIC);
    loadPit(PIT_TWENTY_MS);
    a.mov(DWORD, ptr(apicTimerTicks), 0).mov(DWORD, ptr(pitTicks), 0);
    startClock();
    apic.set(Apic.REG_TIMER_INITIAL, APIC_TIMER_COUNT);
    // STI takes effect behind the next instruction: no interrupt can slip in before HLT.
    a.label(again).sti().hlt().cli();
    a.cmp(DWORD, ptr(apicTimerTicks), 0).jnz(awake);
    a.cmp(DWORD, ptr(pitTicks), 2).jb(again);
    a.label(awake);
    printElapsed();
    a.cmp(DWORD, ptr(apicTimerTicks), 1);
    r.check(Cond.E, "HLT woken by the local APIC timer");
    maskPit();
    r.endLine();
    a.label(skip);
  }

  private void maskPit() {
    a.mov(ECX, ptr(acpi.pitGsi));
    ioApic.mask();
  }

  private void loadPit(int count) {
    r.outByte(PIT_CHANNEL_0, count & 0xff);
    r.outByte(PIT_CHANNEL_0, count >> 8);
  }

  /** R8 = now. */
  private void startClock() {
    r.readTsc();
    a.mov(R8, RAX);
  }

  /** Waits for a counter with interrupts on; leaves the comparison of the counter with 1. */
  private void awaitTick(Label counter) {
    a.sti();
    r.await(() -> a.cmp(DWORD, ptr(counter), 0), Cond.NE, TICK_TIMEOUT_US);
    a.cli();
    printElapsed();
    a.cmp(DWORD, ptr(counter), 1);
  }

  private void printElapsed() {
    r.print(" after ");
    r.readTsc();
    a.sub(RAX, R8).mov(ECX, ptr(r.tscPerUs)).xor(EDX, EDX).div(RCX).call(r.putDec);
    r.print(" us");
  }
}
