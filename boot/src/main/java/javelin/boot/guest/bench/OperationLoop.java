package javelin.boot.guest.bench;

import static javelin.boot.guest.asm.Mem.ptr;
import static javelin.boot.guest.asm.Reg.*;
import static javelin.boot.guest.asm.Width.*;

import javelin.boot.guest.asm.Assembler;
import javelin.boot.guest.asm.Label;
import javelin.boot.guest.assign.Kit;
import javelin.boot.guest.assign.PciInterrupts;
import javelin.boot.guest.runtime.GuestRuntime;

/**
 * Keeps a device busy with operations and takes the time of each: from before the device is told of
 * it until the guest knows of its end. What lies between two cases is outside of the two marks on
 * the POST port, {@link #BEGIN} and {@link #END}; between them the guest makes no exits of its own.
 *
 * <p>Registers: R12D operations to be started, R13D operations that have not ended, R14 ticks from
 * one start to the next, R15D interrupts that the loop knows of.
 */
final class OperationLoop {
  /** Codes on the POST port before the first measured operation, and behind the last one. */
  static final int BEGIN = 0xb0;

  static final int END = 0xe0;

  static final int MOST_SLOTS = 32;
  static final int POST = 0x80;

  /** A schedule's step is no longer, however slow the warm-up was. */
  private static final int LONGEST_STEP_US = 50_000;

  /** How the guest waits, and what ends an operation. */
  enum Way {
    /** The processor halts; an operation ends when its interrupt's handler begins. */
    INTERRUPT,
    /** The same, and the processor does not halt. */
    INTERRUPT_AWAKE,
    /** The processor halts; an operation ends when the guest finds its completion. */
    COMPLETION,
    /**
     * The same, and operations are meant to start at fixed times; their time counts from there,
     * also where the one before was late (so that no wait is left out: coordinated omission).
     */
    PACED
  }

  private final GuestRuntime r;
  private final Assembler a;
  private final PciInterrupts interrupts;
  private final SampleLog log;
  private final AssignPlan plan;
  private final Label starts;
  private final Label begun;

  OperationLoop(Kit kit, PciInterrupts interrupts, SampleLog log, AssignPlan plan) {
    r = kit.r();
    a = kit.a();
    this.interrupts = interrupts;
    this.log = log;
    this.plan = plan;
    starts = r.variable("operationStarts", MOST_SLOTS * Long.BYTES);
    begun = r.variable("operationsBegun", Long.BYTES);
  }

  /** Whether the case is to be measured. */
  boolean has(AssignCase which) {
    return plan.cases().contains(which);
  }

  /** Says why a case is not measured, where it was to be. */
  void skip(AssignCase which, String reason) {
    if (has(which)) {
      log.skip(which.id(), reason);
    }
  }

  /** Measures a case, where it is to be. */
  void measure(AssignCase which, Operations operations, int depth, Way way) {
    if (!has(which)) {
      return;
    }
    log.begin(which.id());
    operations.emitPrepare();
    emitWarmUp(operations, depth, way);
    log.clear();
    r.outByte(POST, BEGIN);
    run(operations, depth, way, plan.samples());
    r.outByte(POST, END);
    log.end();
  }

  /**
   * The warm-up tells how long an operation takes, of which twice the time is a schedule's step.
   */
  private void emitWarmUp(Operations operations, int depth, Way way) {
    r.readTsc();
    a.mov(ptr(begun), RAX);
    run(operations, depth, way == Way.PACED ? Way.COMPLETION : way, plan.warmUp());
    r.readTsc();
    a.sub(RAX, ptr(begun)).add(RAX, RAX).xor(EDX, EDX).mov(ECX, plan.warmUp()).div(RCX);
    a.mov(R14, RAX).mov(ECX, ptr(r.tscPerUs)).mov(EAX, LONGEST_STEP_US).mul(RCX);
    Label fine = new Label("operations step");
    a.cmp(RAX, R14).jae(fine).mov(R14, RAX).label(fine);
  }

  private void run(Operations operations, int depth, Way way, int count) {
    Label prime = new Label("operations prime");
    Label primed = new Label("operations primed");
    Label next = new Label("operations next");
    Label none = new Label("operations wait");
    Label enough = new Label("operations enough");
    Label out = new Label("operations out");
    boolean isByInterrupt = way == Way.INTERRUPT || way == Way.INTERRUPT_AWAKE;
    a.cli().mov(R12D, count).mov(R13D, count).mov(R15D, ptr(interrupts.count));
    if (way == Way.PACED) {
      r.readTsc();
      a.mov(ptr(begun), RAX);
    }
    a.xor(R10D, R10D);
    a.label(prime).test(R12D, R12D).jz(primed).cmp(R10D, depth).jae(primed);
    start(operations, way);
    a.inc(R10D).jmp(prime).label(primed);

    a.label(next);
    if (isByInterrupt) {
      a.cmp(R15D, ptr(interrupts.count)).jz(none).mov(R15D, ptr(interrupts.count));
      interrupts.forgetSpurious();
    }
    operations.emitTake(none);
    if (isByInterrupt) {
      a.mov(RAX, ptr(interrupts.arrival));
    } else {
      r.readTsc();
    }
    a.sub(RAX, ptr(starts, R10, 8));
    log.store();
    a.dec(R13D).test(R12D, R12D).jz(enough);
    start(operations, way);
    a.label(enough).test(R13D, R13D).jnz(next);
    operations.emitRelease();
    a.jmp(out);

    a.label(none);
    operations.emitRelease();
    if (way == Way.INTERRUPT_AWAKE) {
      emitInterrupts();
      a.jmp(next);
    } else {
      // An interrupt between the two instructions waits for the second.
      a.sti().hlt().cli().jmp(next);
    }
    a.label(out);
    emitInterrupts();
  }

  /** Lets interrupts in that wait; the first instruction behind STI is still protected. */
  private void emitInterrupts() {
    a.sti().nop().nop().cli();
  }

  /** Starts the operation of slot R10D. */
  private void start(Operations operations, Way way) {
    if (way == Way.PACED) {
      Label early = new Label("operations early");
      a.label(early).pause();
      r.readTsc();
      a.cmp(RAX, ptr(begun)).jb(early).mov(RAX, ptr(begun)).mov(ptr(starts, R10, 8), RAX);
      a.add(RAX, R14).mov(ptr(begun), RAX);
      operations.emitStart();
    } else {
      operations.emitStart();
      r.readTsc();
      a.mov(ptr(starts, R10, 8), RAX);
    }
    operations.emitRing();
    a.dec(R12D);
  }
}
