package javelin.boot.guest.bench;

import static javelin.boot.guest.asm.Mem.ptr;
import static javelin.boot.guest.asm.Reg.*;
import static javelin.boot.guest.asm.Width.*;

import javelin.boot.guest.asm.Assembler;
import javelin.boot.guest.asm.Label;
import javelin.boot.guest.runtime.Interrupts;

/**
 * From a port write to the first instruction of the handler of the interrupt that it leads to, on
 * the same CPU.
 */
final class InterruptCases {
  private final CaseLoop cases;
  private final Assembler a;

  /** The counter before the write (64 bits). */
  private final Label sent;

  /** Whether the handler has run (32 bits). */
  private final Label fired;

  InterruptCases(CaseLoop cases, Interrupts interrupts) {
    this.cases = cases;
    this.a = cases.a;
    sent = cases.r.variable("sent", 8);
    fired = cases.r.variable("fired", 4);
    interrupts.handle(BenchPorts.VECTOR_IRQFD, this::emitHandler);
    interrupts.handle(BenchPorts.VECTOR_MSI, this::emitHandler);
    interrupts.handle(BenchPorts.VECTOR_DOORBELL, this::emitHandler);
  }

  private void emitHandler() {
    cases.r.readTsc();
    a.sub(RAX, ptr(sent));
    cases.log.store();
    a.mov(DWORD, ptr(fired), 1);
  }

  void emit() {
    a.sti();
    emitCase(ExitCase.IRQFD, BenchPorts.IRQFD);
    emitCase(ExitCase.MSI, BenchPorts.MSI);
    emitCase(ExitCase.DOORBELL_IRQ, BenchPorts.DOORBELL);
    a.cli();
  }

  private void emitCase(ExitCase of, int port) {
    cases.emit(
        of,
        () -> {
          Label out = new Label("interrupt out");
          a.mov(DWORD, ptr(fired), 0);
          cases.r.readTsc();
          a.mov(ptr(sent), RAX).mov(EDX, port).outDx(AL);
          cases.awaitSet(fired, out);
          a.label(out);
        });
  }
}
