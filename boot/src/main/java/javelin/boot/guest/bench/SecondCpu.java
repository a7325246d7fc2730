package javelin.boot.guest.bench;

import static javelin.boot.guest.asm.Mem.ptr;
import static javelin.boot.guest.asm.Reg.*;
import static javelin.boot.guest.asm.Width.*;

import javelin.boot.guest.asm.Assembler;
import javelin.boot.guest.asm.Cond;
import javelin.boot.guest.asm.Label;
import javelin.boot.guest.runtime.Apic;
import javelin.boot.guest.runtime.GuestEntry;
import javelin.boot.guest.runtime.GuestRuntime;
import javelin.boot.guest.runtime.Interrupts;

/**
 * A second CPU, which does nothing but to wait for interrupts: running, or halted. The time of each
 * is from the counter of the CPU that sends to that of the one that receives, so it holds the
 * difference of both.
 */
final class SecondCpu {
  private static final int ID = 1;
  private static final int INIT_DELAY_US = 200;
  private static final int FIRST_WAIT_US = 20_000;
  private static final int SECOND_WAIT_US = 2_000_000;
  private static final int STACK_BYTES = 4096;

  /** From the word of the second CPU that it is about to wait until it surely does. */
  private static final int RUNNING_DELAY_US = 2;

  /** Long enough for a host to have stopped polling (halt_poll_ns) and its thread to sleep. */
  private static final int HALTED_DELAY_US = 1_000;

  private final CaseLoop cases;
  private final GuestRuntime r;
  private final Assembler a;
  private final GuestEntry entry;
  private final Apic apic;
  private final Interrupts interrupts;

  /** 32-bit variables: the second CPU is about to wait; is to halt; has been interrupted. */
  private final Label ready;

  private final Label halting;
  private final Label interrupted;

  /** The sender's counter (64 bits). */
  private final Label sent;

  private final Label stack;

  SecondCpu(CaseLoop cases, GuestEntry entry, Apic apic, Interrupts interrupts) {
    this.cases = cases;
    this.r = cases.r;
    this.a = cases.a;
    this.entry = entry;
    this.apic = apic;
    this.interrupts = interrupts;
    ready = r.variable("cpu1Ready", 4);
    halting = r.variable("cpu1Halting", 4);
    interrupted = r.variable("cpu1Interrupted", 4);
    sent = r.variable("ipiSent", 8);
    stack = r.variable("cpu1Stack", STACK_BYTES);
    interrupts.handle(BenchPorts.VECTOR_IPI, this::emitHandler);
  }

  private void emitHandler() {
    r.readTsc();
    a.sub(RAX, ptr(sent));
    cases.log.store();
    a.mov(DWORD, ptr(interrupted), 1);
  }

  /** Starts it, halted (Intel SDM volume 3, 9.4.4), and measures where it comes. */
  void emit() {
    Label up = new Label("cpu1 up");
    Label out = new Label("cpu1 out");
    a.mov(DWORD, ptr(halting), 1);
    entry.copyTrampoline();
    a.mov(R9D, EAX).or(R9D, Apic.ICR_STARTUP);
    a.mov(EAX, Apic.ICR_INIT).mov(EDX, ID).call(apic.send);
    r.delay(INIT_DELAY_US);
    awaitReady(FIRST_WAIT_US, up);
    awaitReady(SECOND_WAIT_US, up);
    for (ExitCase of : new ExitCase[] {ExitCase.IPI_RUNNING, ExitCase.IPI_HALTED}) {
      cases.log.skip(of.id(), "there is no second CPU with APIC id 1");
    }
    a.jmp(out).label(up).mov(DWORD, ptr(halting), 0);
    emitCase(ExitCase.IPI_RUNNING, RUNNING_DELAY_US);
    a.mov(DWORD, ptr(halting), 1);
    emitCase(ExitCase.IPI_HALTED, HALTED_DELAY_US);
    a.label(out);
  }

  private void awaitReady(int microseconds, Label up) {
    a.mov(EAX, R9D).mov(EDX, ID).call(apic.send);
    r.await(() -> a.cmp(DWORD, ptr(ready), 0), Cond.NE, microseconds);
    a.cmp(DWORD, ptr(ready), 0).jnz(up);
  }

  private void emitCase(ExitCase of, int delay) {
    cases.emit(
        of,
        () -> {
          Label out = new Label("ipi out");
          cases.awaitSet(ready, out);
          a.mov(DWORD, ptr(ready), 0).mov(EDX, ID).call(apic.aim);
          r.delay(delay);
          r.readTsc();
          a.mov(ptr(sent), RAX).mov(EAX, BenchPorts.VECTOR_IPI).call(apic.fire);
          cases.awaitSet(ready, out);
          a.label(out);
        });
  }

  /** What it does: each interrupt brings it once round. */
  void emitRoutines() {
    Label again = new Label("cpu1 again");
    Label spin = new Label("cpu1 spin");
    Label halt = new Label("cpu1 halt");
    a.label(entry.applicationProcessor).mov(RSP, stack).add(RSP, STACK_BYTES);
    interrupts.emitSetUp();
    apic.emitEnable();
    a.label(again).cli().mov(DWORD, ptr(interrupted), 0).mov(DWORD, ptr(ready), 1);
    a.cmp(DWORD, ptr(halting), 0).jnz(halt).sti();
    a.label(spin).pause().cmp(DWORD, ptr(interrupted), 0).jz(spin).jmp(again);
    // STI takes effect behind HLT, so an interrupt cannot come before it.
    a.label(halt).sti().hlt().jmp(again);
  }
}
