package javelin.boot.guest.runtime;

import static javelin.boot.guest.asm.Mem.ptr;
import static javelin.boot.guest.asm.Reg.*;
import static javelin.boot.guest.asm.Width.DWORD;

import java.util.Arrays;
import java.util.List;
import javelin.boot.guest.GuestProgram;
import javelin.boot.guest.asm.Assembler;
import javelin.boot.guest.asm.Cond;
import javelin.boot.guest.asm.Label;
import javelin.boot.guest.asm.Mode;

/**
 * A guest that checks something and says on COM1 what it finds: what is around the checks, from the
 * first instruction to the end of the run. It ends with "All N checks passed" and an ACPI
 * power-off, or with "FAILED: ..." and the number of failures through the debug exit port (and a
 * power-off where there is no such port). Every wait in it is bounded, so that something missing is
 * reported and not waited for.
 *
 * <p>It can be started by the 64-bit Linux boot protocol or by PVH, and does not rely on anything
 * the loader set up beyond what these promise.
 */
public abstract class CheckingGuest {
  /** S5 sleep type of our own machine's DSDT. */
  public static final int SLEEP_TYPE_S5 = 5;

  /** Most failures that the debug exit code can tell. */
  private static final int MAX_EXIT_VALUE = 127;

  private static final long ORIGIN = 0x10_0000;
  private static final int PAGE = 4096;
  private static final int DEBUG_EXIT_PORT = 0xf4;
  private static final int PM1_SLEEP_ENABLE = 1 << 13;
  private static final int POWER_OFF_WAIT_US = 500_000;

  protected final Assembler a = new Assembler(ORIGIN, Mode.BITS64);
  protected final GuestRuntime r = new GuestRuntime(a);
  protected final GuestEntry entry = new GuestEntry(r);
  protected final AcpiChecks acpi = new AcpiChecks(r, entry);
  protected final Apic apic = new Apic(r);
  protected final IoApic ioApic = new IoApic(r, acpi, apic);
  private final Clock clock = new Clock(r, acpi);
  private final Label stop = new Label("stop");
  protected final Interrupts interrupts = new Interrupts(r, apic, stop);
  private final String name;
  private final int sleepType;

  /**
   * A guest that calls itself {@code name}, for a machine whose \_S5 package begins with {@code
   * sleepType} (0 to 7): the value is in the DSDT, and these guests have no AML interpreter.
   */
  protected CheckingGuest(String name, int sleepType) {
    if (sleepType < 0 || sleepType > 7) {
      throw new IllegalArgumentException("a sleep type has three bits, not " + sleepType);
    }
    this.name = name;
    this.sleepType = sleepType;
  }

  /** The checks, with ACPI, the clock and the local APIC set up as far as the guest asks. */
  protected abstract void emitChecks();

  /** Routines that the checks call. */
  protected void emitRoutines() {}

  /** Memory that needs no content, at a page boundary. */
  protected void emitRoom() {}

  /** The checks of ACPI's tables, which the clock and the interrupts need. */
  protected final void checkAcpi() {
    acpi.emit();
  }

  /** Measures the clock. */
  protected final void checkClock() {
    clock.emitCalibration();
  }

  /** Assembles the guest; once. */
  protected final GuestProgram assemble() {
    Label linuxName = new Label("linux name");
    Label pvhName = new Label("pvh name");
    entry.emitCode(linuxName, pvhName);
    a.label(entry.main);
    emitMain();
    emitRoutines();
    interrupts.emitHandlers();
    acpi.emitRoutines();
    apic.emitRoutines();
    ioApic.emitRoutines();
    r.emitRoutines();

    a.align(PAGE);
    int data = a.size();
    a.label(linuxName).asciz("64-bit Linux boot protocol");
    a.label(pvhName).asciz("PVH");
    r.emitData();
    interrupts.emitData();
    entry.emitData();
    int room = a.size();
    entry.emitRoom();
    emitRoom();
    r.emitVariables();

    byte[] all = a.assemble();
    byte[] code = Arrays.copyOf(all, data);
    byte[] content = Arrays.copyOfRange(all, data, room);
    return new GuestProgram(
        entry.linux64.address(),
        entry.pvh32.address(),
        List.of(
            new GuestProgram.Segment(ORIGIN, code, data, GuestProgram.Access.CODE),
            new GuestProgram.Segment(
                ORIGIN + data, content, (long) all.length - data, GuestProgram.Access.DATA)));
  }

  private void emitMain() {
    interrupts.emitSetUp();
    r.initConsole();
    r.print("Javelin " + name + " guest, started by ");
    a.mov(RSI, ptr(entry.entryName)).call(r.puts);
    r.print("\r\n");
    emitChecks();
    r.verdict();
    a.jnz(stop);
    powerOff();
    r.print("FAILED: still running after the ACPI power-off\r\n");
    r.flushConsole();
    a.inc(DWORD, ptr(r.failures));
    emitStop();
  }

  private void powerOff() {
    Label skip = new Label("no PM1a");
    a.mov(EDX, ptr(acpi.pm1aControl)).test(EDX, EDX).jz(skip);
    a.mov(EAX, (long) sleepType << 10 | PM1_SLEEP_ENABLE).outDx(AX);
    r.delay(POWER_OFF_WAIT_US);
    a.label(skip);
  }

  /** The end of a run with failures. */
  private void emitStop() {
    Label few = new Label("few failures");
    Label halt = new Label("halt for good");
    a.label(stop).cli().mov(EAX, ptr(r.failures)).cmp(EAX, MAX_EXIT_VALUE).j(Cond.BE, few);
    a.mov(EAX, MAX_EXIT_VALUE).label(few).out(DEBUG_EXIT_PORT, AL);
    powerOff();
    a.label(halt).cli().hlt().jmp(halt);
  }
}
