package javelin.boot.guest.bench;

import static javelin.boot.guest.asm.Mem.ptr;
import static javelin.boot.guest.asm.Reg.*;
import static javelin.boot.guest.asm.Width.*;

import javelin.boot.guest.asm.Assembler;
import javelin.boot.guest.asm.Label;
import javelin.boot.guest.asm.Reg;
import javelin.boot.guest.runtime.GuestRuntime;

/**
 * What a measuring guest has measured, and how it says so: each case's time stamp counter
 * differences are stored in RAM, which makes no exit, and printed on the console once the case is
 * over. The text is the same on any machine that the guest runs on:
 *
 * <pre>
 * &#64;count NAME VALUE      of the case that is open, of the whole run before the first one; decimal
 * &#64;case NAME             what follows is of this case
 * &#64;ticks T T ...         ticks of the guest's time stamp counter, bare hexadecimal, up to 16 a line;
 *                         64 bits, so that a negative difference begins with f
 * &#64;skip NAME REASON      a case that cannot be measured here
 * &#64;done                  all has been said
 * </pre>
 *
 * <p>Names are printable and without spaces. Lines that begin otherwise say something to people.
 *
 * <p>Its methods emit code, which changes RAX, RCX, RDX, RSI and RDI unless they say otherwise.
 */
public final class SampleLog {
  private static final int SAMPLES_PER_LINE = 16;

  /** A space and up to 16 digits each; CR, LF and 0 behind them. */
  private static final int LINE_TEXT = SAMPLES_PER_LINE * 17;

  private static final int LINE_BYTES = LINE_TEXT + 3;
  private static final int KHZ_PER_MHZ = 1000;

  private final GuestRuntime r;
  private final Assembler a;
  private final int capacity;
  private final Label samples;
  private final Label line;

  /** Address of the next sample (64 bits). */
  private final Label next;

  /** Samples that found no room (32 bits). */
  private final Label dropped;

  private final Label printSamples = new Label("printSamples");

  /**
   * A log with room for {@code capacity} samples of one case; what comes beyond is counted, not
   * kept.
   */
  public SampleLog(GuestRuntime r, int capacity) {
    if (capacity < 1) {
      throw new IllegalArgumentException("a log of " + capacity + " samples");
    }
    this.r = r;
    this.a = r.a;
    this.capacity = capacity;
    samples = r.variable("samples", capacity * Long.BYTES);
    line = r.variable("sampleLine", LINE_BYTES);
    next = r.variable("nextSample", Long.BYTES);
    dropped = r.variable("droppedSamples", Integer.BYTES);
  }

  /** Opens a case, and waits until the console has its name: the guest is silent from here on. */
  public void begin(String name) {
    r.print("@case " + name(name) + "\r\n");
    r.flushConsole();
    clear();
  }

  /** Forgets what is stored: it was the warm-up. Changes RAX. */
  public void clear() {
    a.mov(RAX, samples).mov(ptr(next), RAX).mov(DWORD, ptr(dropped), 0);
  }

  /**
   * Stores RAX as a sample of the open case. Changes RCX; for one processor at a time, interrupt
   * handlers included.
   */
  public void store() {
    Label full = new Label("samples full");
    Label out = new Label("sample stored");
    a.mov(RCX, samples).add(RCX, (long) capacity * Long.BYTES).cmp(RCX, ptr(next)).jz(full);
    a.mov(RCX, ptr(next)).mov(ptr(RCX), RAX).add(QWORD, ptr(next), Long.BYTES).jmp(out);
    a.label(full).inc(DWORD, ptr(dropped)).label(out);
  }

  /**
   * Takes the time of what {@code operation} emits, which keeps R8, and stores it. The counter is
   * read by RDTSC alone: an operation without an exit that must be over has to see to that itself.
   */
  public void time(Runnable operation) {
    r.readTsc();
    a.mov(R8, RAX);
    operation.run();
    r.readTsc();
    a.sub(RAX, R8);
    store();
  }

  /** Prints what is stored, and the number of samples that found no room where there are such. */
  public void end() {
    Label all = new Label("none dropped");
    a.call(printSamples).cmp(DWORD, ptr(dropped), 0).jz(all);
    count("dropped", dropped);
    a.label(all);
  }

  /** Prints a register, other than those that code here changes, as a figure. */
  public void count(String name, Reg value) {
    r.print("@count " + name(name) + " ");
    r.printDec(value);
    r.print("\r\n");
  }

  /** Prints a 32-bit variable as a figure. */
  public void count(String name, Label dword) {
    r.print("@count " + name(name) + " ");
    a.mov(EAX, ptr(dword)).call(r.putDec);
    r.print("\r\n");
  }

  /**
   * Prints the counter's frequency as the guest has measured it, the figure {@code tsc-khz}, for
   * hosts that do not know it; before the first case.
   */
  public void clock() {
    r.print("@count tsc-khz ");
    a.mov(EAX, ptr(r.tscPerUs)).mov(ECX, KHZ_PER_MHZ).mul(RCX).call(r.putDec);
    r.print("\r\n");
  }

  /** Says why a case is not measured. */
  public void skip(String name, String reason) {
    if (reason.isBlank() || !reason.chars().allMatch(c -> c >= ' ' && c <= '~')) {
      throw new IllegalArgumentException("a reason is a line of text, not \"" + reason + "\"");
    }
    r.print("@skip " + name(name) + " " + reason + "\r\n");
  }

  /** Says that nothing follows, and waits until the console has it. */
  public void done() {
    r.print("@done\r\n");
    r.flushConsole();
  }

  private static String name(String name) {
    if (name.isEmpty() || !name.chars().allMatch(c -> c > ' ' && c <= '~')) {
      throw new IllegalArgumentException("a name has no spaces: \"" + name + "\"");
    }
    return name;
  }

  /** The routines that the code above calls. */
  public void emitRoutines() {
    Label nextLine = new Label("samples line");
    Label whole = new Label("samples whole line");
    Label sample = new Label("sample");
    Label digit = new Label("sample digit");
    Label out = new Label("samples printed");
    // RBX: first sample of the line, RBP: behind its last one. A line is written from its end.
    a.label(printSamples).push(RBX).push(RBP).mov(RBX, samples);
    a.mov(WORD, ptr(line, LINE_TEXT), '\r' | '\n' << 8);
    a.label(nextLine).cmp(RBX, ptr(next)).jae(out);
    r.print("@ticks");
    a.lea(RBP, ptr(RBX, SAMPLES_PER_LINE * Long.BYTES)).cmp(RBP, ptr(next)).jb(whole);
    a.mov(RBP, ptr(next)).label(whole).lea(RSI, ptr(line, LINE_TEXT)).mov(RCX, RBP);
    a.label(sample).sub(RCX, Long.BYTES).mov(RAX, ptr(RCX));
    a.label(digit).mov(EDX, EAX).and(EDX, 15).movzx(EDX, BYTE, ptr(r.digits, RDX, 1));
    a.dec(RSI).mov(ptr(RSI), DL).shr(RAX, 4).jnz(digit);
    a.dec(RSI).mov(BYTE, ptr(RSI), ' ').cmp(RCX, RBX).jnz(sample);
    a.mov(RBX, RBP).call(r.puts).jmp(nextLine);
    a.label(out).pop(RBP).pop(RBX).ret();
  }
}
