package javelin.boot.guest.bench;

import static javelin.boot.guest.asm.Mem.ptr;
import static javelin.boot.guest.asm.Reg.*;

import javelin.boot.guest.asm.Assembler;
import javelin.boot.guest.asm.Label;
import javelin.boot.guest.asm.Reg;
import javelin.boot.guest.assign.Kit;
import javelin.boot.guest.runtime.GuestRuntime;
import javelin.boot.guest.runtime.Interrupts;

/** Reads a register again and again, for the time of each. */
final class RegisterRead {
  private final GuestRuntime r;
  private final Assembler a;
  private final Interrupts interrupts;
  private final SampleLog log;
  private final AssignPlan plan;

  RegisterRead(Kit kit, SampleLog log, AssignPlan plan) {
    r = kit.r();
    a = kit.a();
    interrupts = kit.interrupts();
    this.log = log;
    this.plan = plan;
  }

  /** Reads the 32 bits at {@code base} plus {@code offset}; changes R8 and R12. */
  void measure(Reg base, int offset) {
    if (!plan.cases().contains(AssignCase.READ_REGISTER)) {
      return;
    }
    log.begin(AssignCase.READ_REGISTER.id());
    run(base, offset, plan.warmUp());
    log.clear();
    r.outByte(OperationLoop.POST, OperationLoop.BEGIN);
    run(base, offset, plan.samples());
    r.outByte(OperationLoop.POST, OperationLoop.END);
    log.end();
  }

  private void run(Reg base, int offset, int count) {
    Label next = new Label("read next");
    a.mov(R12D, count).label(next);
    log.time(
        () -> {
          a.mov(EAX, ptr(base, offset));
          // The value is there before the clock is read: loading the table waits for all before it
          // (Intel SDM volume 3, 9.3), and KVM's instruction emulator knows it, unlike LFENCE.
          interrupts.emitSetUp();
        });
    a.dec(R12D).jnz(next);
  }
}
