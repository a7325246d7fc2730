package javelin.boot.guest.runtime;

import static javelin.boot.guest.asm.ControlReg.CR2;
import static javelin.boot.guest.asm.Mem.ptr;
import static javelin.boot.guest.asm.Reg.*;
import static javelin.boot.guest.asm.Width.*;

import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeMap;
import javelin.boot.guest.asm.Assembler;
import javelin.boot.guest.asm.Label;

/**
 * The interrupt table: a counter behind each expected vector, a report and the end behind every
 * exception.
 *
 * <p>Handlers return without IRET: KVM's instruction emulator, which runs ring 0 on hosts without
 * usable hardware virtualisation, has none for long mode. Ring and segments do not change here, so
 * popping RFLAGS and RIP from the interrupted stack does the same.
 */
public final class Interrupts {
  private static final int EXCEPTIONS = 32;
  private static final int VECTORS = 256;
  private static final int GATE_BYTES = 16;

  /** Exceptions that push an error code (Intel SDM volume 3, table 6-1). */
  private static final Set<Integer> WITH_ERROR_CODE = Set.of(8, 10, 11, 12, 13, 14, 17, 21, 29, 30);

  private final GuestRuntime r;
  private final Apic apic;
  private final Assembler a;
  private final Label stop;
  private final Label table = new Label("idt");
  private final Label tablePointer = new Label("idtPointer");
  private final Label spurious = new Label("spurious");
  private final Label unexpected = new Label("unexpected");
  private final List<Label> exceptions = new ArrayList<>();
  private final Map<Integer, Handler> handlers = new TreeMap<>();

  /** An expected interrupt, and what emits what is done for it. */
  private record Handler(Label code, Runnable body) {}

  /** Exceptions end at {@code stop}, after their report. */
  public Interrupts(GuestRuntime r, Apic apic, Label stop) {
    this.r = r;
    this.apic = apic;
    this.a = r.a;
    this.stop = stop;
    for (int vector = 0; vector < EXCEPTIONS; vector++) {
      exceptions.add(new Label("exception " + vector));
    }
  }

  /** Expects interrupts of {@code vector}; returns the place of their number (32 bits). */
  public Label count(int vector) {
    return count(vector, null);
  }

  /**
   * As {@link #count(int)}, for a level-triggered interrupt: {@code acknowledge} emits code that
   * has the device withdraw it, before the local APIC hears of its end. It may change RAX, RCX and
   * RDX.
   */
  public Label count(int vector, Runnable acknowledge) {
    Label counter = r.variable("interrupts " + vector, 4);
    handle(
        vector,
        () -> {
          a.inc(DWORD, ptr(counter));
          if (acknowledge != null) {
            acknowledge.run();
          }
        });
    return counter;
  }

  /**
   * Expects interrupts of {@code vector}: {@code body} emits what comes before the local APIC hears
   * of their end. It may change RAX, RCX and RDX.
   */
  public void handle(int vector, Runnable body) {
    handlers.put(vector, new Handler(new Label("vector " + vector), body));
  }

  /** Loads the table. */
  public void emitSetUp() {
    a.lidt(ptr(tablePointer));
  }

  public void emitHandlers() {
    handlers.values().forEach(this::emitHandler);
    a.label(spurious);
    enter();
    leave();
    Label report = new Label("exception report");
    for (int vector = 0; vector < EXCEPTIONS; vector++) {
      a.label(exceptions.get(vector));
      if (!WITH_ERROR_CODE.contains(vector)) {
        a.push(0);
      }
      a.push(vector).jmp(report);
    }
    a.label(unexpected).push(0).push(-1);
    // Frame: vector, error code, RIP, CS, RFLAGS, RSP, SS.
    a.label(report).mov(RBX, RSP);
    r.print("\r\nFAILED: unexpected exception ");
    a.movzx(EAX, BYTE, ptr(RBX)).call(r.putDec);
    r.print(", error code ");
    a.mov(RAX, ptr(RBX, 8)).call(r.putHex);
    r.print(", RIP ");
    a.mov(RAX, ptr(RBX, 16)).call(r.putHex);
    r.print(", CR2 ");
    a.mov(RAX, CR2).call(r.putHex);
    r.print("\r\n");
    a.inc(DWORD, ptr(r.failures)).jmp(stop);
  }

  private void emitHandler(Handler handler) {
    a.label(handler.code);
    enter();
    handler.body.run();
    apic.endOfInterrupt();
    leave();
  }

  private void enter() {
    a.push(RAX).push(RCX).push(RDX);
  }

  private void leave() {
    // Behind the three saved registers: RIP, CS, RFLAGS, RSP. RIP and RFLAGS move to the
    // interrupted stack, which may overlap the frame's upper end, so RSP is read first.
    a.mov(RCX, ptr(RSP, 24 + 24)).mov(RAX, ptr(RSP, 24)).mov(RDX, ptr(RSP, 24 + 16));
    a.mov(ptr(RCX, -8), RAX).mov(ptr(RCX, -16), RDX).sub(RCX, 16).mov(ptr(RSP, 24), RCX);
    a.pop(RDX).pop(RCX).pop(RAX).pop(RSP).popf().ret();
  }

  public void emitData() {
    a.align(16).label(table);
    for (int vector = 0; vector < VECTORS; vector++) {
      a.idtGate64(GuestEntry.SELECTOR_CODE64, handler(vector));
    }
    a.label(tablePointer).tablePointer(VECTORS * GATE_BYTES, table);
  }

  private Label handler(int vector) {
    if (vector < EXCEPTIONS) {
      return exceptions.get(vector);
    }
    if (vector == Apic.VECTOR_SPURIOUS) {
      return spurious;
    }
    return handlers.containsKey(vector) ? handlers.get(vector).code : unexpected;
  }
}
