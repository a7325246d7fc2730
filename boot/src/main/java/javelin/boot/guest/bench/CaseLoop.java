package javelin.boot.guest.bench;

import static javelin.boot.guest.asm.Mem.ptr;
import static javelin.boot.guest.asm.Reg.*;
import static javelin.boot.guest.asm.Width.*;

import javelin.boot.guest.asm.Assembler;
import javelin.boot.guest.asm.Cond;
import javelin.boot.guest.asm.Label;
import javelin.boot.guest.runtime.GuestRuntime;

/**
 * What is around each case: its name, the warm-up, the two marks by which the host knows what to
 * count, and the samples' way out.
 */
final class CaseLoop {
  /** Far beyond what an interrupt takes; what has not come then is lost. */
  private static final int LOST_AFTER_US = 2_000_000;

  final Assembler a;
  final GuestRuntime r;
  final SampleLog log;
  private final ExitsGuest.Plan plan;

  /** Whether something has not come in this case (32 bits). */
  private final Label lost;

  CaseLoop(GuestRuntime r, SampleLog log, ExitsGuest.Plan plan) {
    this.a = r.a;
    this.r = r;
    this.log = log;
    this.plan = plan;
    lost = r.variable("lost", 4);
  }

  /** Does {@code operation} as often as the plan says; it keeps R12. */
  void emit(ExitCase of, Runnable operation) {
    Label all = new Label("all came: " + of);
    log.begin(of.id());
    rounds(plan.warmup(of), operation);
    log.clear();
    mark(of.ordinal() << 1);
    rounds(plan.count(of), operation);
    mark(of.ordinal() << 1 | 1);
    log.end();
    a.cmp(DWORD, ptr(lost), 0).jz(all);
    log.count("lost", lost);
    a.mov(DWORD, ptr(lost), 0).label(all);
  }

  private void rounds(int count, Runnable operation) {
    Label again = new Label("again");
    a.mov(R12D, count).label(again);
    operation.run();
    a.dec(R12D).jnz(again);
  }

  private void mark(int value) {
    r.outByte(BenchPorts.MARK, value);
  }

  /**
   * Goes to {@code out} unless {@code variable} (32 bits) becomes 1 in time; at once where
   * something was lost already.
   */
  void awaitSet(Label variable, Label out) {
    Label came = new Label("came");
    a.cmp(DWORD, ptr(lost), 0).jnz(out);
    r.await(() -> a.cmp(DWORD, ptr(variable), 0), Cond.NE, LOST_AFTER_US);
    a.cmp(DWORD, ptr(variable), 0).jnz(came);
    a.inc(DWORD, ptr(lost)).jmp(out).label(came);
  }
}
