package javelin.boot.guest.selftest;

import javelin.boot.guest.GuestProgram;
import javelin.boot.guest.runtime.CheckingGuest;

/** The guest that checks the machine it runs on. */
public final class SelfTestGuest extends CheckingGuest {
  private final SmpChecks smp = new SmpChecks(r, entry, acpi, apic);
  private final TimerChecks timers = new TimerChecks(r, acpi, apic, ioApic, interrupts);

  private SelfTestGuest(int sleepType) {
    super("self-test", sleepType);
  }

  /** The guest for our own machine. */
  public static GuestProgram program() {
    return program(SLEEP_TYPE_S5);
  }

  /** The guest for a machine whose \_S5 package begins with {@code sleepType} (0 to 7). */
  public static GuestProgram program(int sleepType) {
    return new SelfTestGuest(sleepType).assemble();
  }

  @Override
  protected void emitChecks() {
    new CpuChecks(r).emit();
    new MemoryChecks(r, entry).emit();
    checkAcpi();
    checkClock();
    apic.emitSetUp();
    timers.emitApicTimer();
    timers.emitPit();
    timers.emitHaltWake();
    smp.emit();
    new IoChecks(r, acpi).emit();
  }

  @Override
  protected void emitRoutines() {
    entry.emitApplicationProcessors();
    smp.emitApplicationProcessor();
  }
}
