package javelin.boot.guest.runtime;

import static javelin.boot.guest.asm.Mem.ptr;
import static javelin.boot.guest.asm.Reg.*;
import static javelin.boot.guest.asm.Width.*;

import java.util.LinkedHashMap;
import java.util.Map;
import javelin.boot.guest.asm.Assembler;
import javelin.boot.guest.asm.Cond;
import javelin.boot.guest.asm.Label;
import javelin.boot.guest.asm.Reg;

/**
 * What every part of the self-test leans on: the console, the counting of checks, bounded waits,
 * and the guest's variables. Its methods emit code; its labels name routines.
 *
 * <p>Registers: routines change RAX, RCX, RDX, RSI and RDI only, so the test code keeps its own
 * state in the others. {@code fail} changes nothing, so that it can stand behind any comparison.
 */
public final class GuestRuntime {
  private static final int COM1 = 0x3f8;
  private static final int UART_IER = COM1 + 1;
  private static final int UART_FCR = COM1 + 2;
  private static final int UART_LCR = COM1 + 3;
  private static final int UART_MCR = COM1 + 4;
  private static final int UART_LSR = COM1 + 5;
  private static final int LSR_THR_EMPTY = 0x20;
  private static final int LSR_ALL_SENT = 0x40;
  private static final int FIFO_BYTES = 16;
  private static final int LSR_POLLS = 100_000;
  private static final int NUMBER_BYTES = 24;

  /**
   * Where time is not calibrated yet: a fast clock, so that waits are too long, never too short.
   */
  private static final int ASSUMED_TSC_PER_US = 5000;

  public final Assembler a;

  /** Prints the text at RSI. */
  public final Label puts = new Label("puts");

  /** Prints RAX in hexadecimal. */
  public final Label putHex = new Label("putHex");

  /** Prints the lowest ECX hexadecimal digits of RAX, bare. */
  public final Label putDigits = new Label("putDigits");

  /** Prints RAX in decimal. */
  public final Label putDec = new Label("putDec");

  /** Time stamp counter ticks per microsecond (32 bits). */
  public final Label tscPerUs = new Label("tscPerUs");

  /** Number of checks made (32 bits). */
  public final Label checks = new Label("checks");

  /** Number of checks failed (32 bits). */
  public final Label failures = new Label("failures");

  /** The hexadecimal digits in ASCII, a byte each. */
  public final Label digits = new Label("digits");

  private final Label fail = new Label("fail");
  private final Label endLine = new Label("endLine");
  private final Label setDeadline = new Label("setDeadline");
  private final Label expired = new Label("expired");
  private final Label flush = new Label("flush");

  private final Label firstFailure = new Label("firstFailure");
  private final Label lineFailures = new Label("lineFailures");
  private final Label deadline = new Label("deadline");
  private final Label fifoSize = new Label("fifoSize");
  private final Label fifoRoom = new Label("fifoRoom");
  private final Label number = new Label("number");
  private final Map<String, Label> texts = new LinkedHashMap<>();
  private final Map<Label, Integer> variables = new LinkedHashMap<>();

  public GuestRuntime(Assembler a) {
    this.a = a;
    for (Label dword : new Label[] {checks, failures, lineFailures, fifoSize, fifoRoom}) {
      variable(dword, 4);
    }
    variable(firstFailure, 8);
    variable(deadline, 8);
    variable(number, NUMBER_BYTES);
  }

  /** A variable of the guest, zero at the start. */
  public Label variable(String name, int bytes) {
    return variable(new Label(name), bytes);
  }

  private Label variable(Label label, int bytes) {
    variables.put(label, bytes);
    return label;
  }

  private Label text(String text) {
    return texts.computeIfAbsent(text, Label::new);
  }

  /** Prints a text. */
  public void print(String text) {
    a.mov(RSI, text(text)).call(puts);
  }

  /** Prints a register in hexadecimal. */
  public void printHex(Reg value) {
    widenToRax(value);
    a.call(putHex);
  }

  /** Prints the lowest {@code digits} hexadecimal digits of a register, bare. */
  public void printDigits(Reg value, int digits) {
    widenToRax(value);
    a.mov(ECX, digits).call(putDigits);
  }

  /** Prints a register in decimal. */
  public void printDec(Reg value) {
    widenToRax(value);
    a.call(putDec);
  }

  private void widenToRax(Reg value) {
    if (value.width() == DWORD) {
      a.mov(EAX, value);
    } else if (value != RAX) {
      a.mov(RAX, value);
    }
  }

  /** Counts a check, which is good when the flags say so; reports it by name when it is not. */
  public void check(Cond good, String name) {
    Label passed = new Label("passed: " + name);
    a.j(good, passed);
    a.push(RSI).mov(RSI, text(name)).call(fail).pop(RSI);
    a.label(passed).inc(DWORD, ptr(checks));
  }

  /** Ends the line with "ok" when no check failed since the last end of a line. */
  public void endLine() {
    a.call(endLine);
  }

  /**
   * Waits until {@code test} leaves {@code done} in the flags, for {@code microseconds} at most.
   * The caller tests again to learn which it was. {@code test} may change RAX, RCX, RDX, RSI and
   * RDI.
   */
  public void await(Runnable test, Cond done, int microseconds) {
    Label again = new Label("await again");
    Label out = new Label("await out");
    a.mov(EDI, microseconds).call(setDeadline).label(again);
    test.run();
    a.j(done, out).call(expired).jae(out).pause().jmp(again);
    a.label(out);
  }

  /** Lets time pass. */
  public void delay(int microseconds) {
    Label again = new Label("delay");
    a.mov(EDI, microseconds).call(setDeadline);
    a.label(again).pause().call(expired).jb(again);
  }

  /** RAX = time stamp counter; changes RDX. */
  public void readTsc() {
    a.rdtsc().shl(RDX, 32).or(RAX, RDX);
  }

  /** Waits for the last character to leave the serial port. */
  public void flushConsole() {
    a.call(flush);
  }

  /** Programs the serial port: 8n1, no interrupts, FIFO where there is one. */
  public void initConsole() {
    Label single = new Label("no FIFO");
    outByte(UART_IER, 0);
    outByte(UART_LCR, 3);
    outByte(UART_MCR, 3);
    outByte(UART_FCR, 7);
    a.mov(DWORD, ptr(fifoSize), 1);
    a.mov(EDX, UART_FCR).inDx(AL).and(AL, 0xc0).cmp(AL, 0xc0).jnz(single);
    a.mov(DWORD, ptr(fifoSize), FIFO_BYTES).label(single);
  }

  /** Writes a byte to a port. */
  public void outByte(int port, int value) {
    a.mov(AL, value);
    if (port < 0x100) {
      a.out(port, AL);
    } else {
      a.mov(EDX, port).outDx(AL);
    }
  }

  /** The routines behind the labels. */
  public void emitRoutines() {
    emitPuts();
    emitNumbers();
    emitChecks();
    emitTime();
  }

  private void emitPuts() {
    Label next = new Label("puts next");
    Label refill = new Label("puts refill");
    Label poll = new Label("puts poll");
    Label ready = new Label("puts ready");
    Label done = new Label("puts done");
    // The status is read once for as many characters as the transmitter takes at a time.
    a.label(puts).mov(EDX, COM1).mov(ECX, ptr(fifoRoom));
    a.label(next).lods(BYTE).test(AL, AL).jz(done);
    a.dec(ECX).j(Cond.S, refill).outDx(AL).jmp(next);
    a.label(done).mov(ptr(fifoRoom), ECX).ret();
    a.label(refill).push(RAX).mov(DL, UART_LSR & 0xff).mov(ECX, LSR_POLLS);
    a.label(poll).inDx(AL).test(AL, LSR_THR_EMPTY).jnz(ready).dec(ECX).jnz(poll);
    a.label(ready).mov(DL, COM1 & 0xff).mov(ECX, ptr(fifoSize)).dec(ECX).pop(RAX);
    a.outDx(AL).jmp(next);

    Label sent = new Label("flush poll");
    Label empty = new Label("flush empty");
    a.label(flush).mov(EDX, UART_LSR).mov(ECX, LSR_POLLS);
    a.label(sent).inDx(AL).test(AL, LSR_ALL_SENT).jnz(empty).dec(ECX).jnz(sent);
    a.label(empty).ret();
  }

  private void emitNumbers() {
    Label hexDigit = new Label("hex digit");
    a.label(putHex).lea(RSI, ptr(number, NUMBER_BYTES - 1));
    a.label(hexDigit).mov(EDX, EAX).and(EDX, 15).movzx(EDX, BYTE, ptr(digits, RDX, 1));
    a.dec(RSI).mov(ptr(RSI), DL).shr(RAX, 4).jnz(hexDigit);
    a.sub(RSI, 2).mov(WORD, ptr(RSI), '0' | 'x' << 8).jmp(puts);

    Label bareDigit = new Label("bare digit");
    a.label(putDigits).lea(RSI, ptr(number, NUMBER_BYTES - 1));
    a.label(bareDigit).mov(EDX, EAX).and(EDX, 15).movzx(EDX, BYTE, ptr(digits, RDX, 1));
    a.dec(RSI).mov(ptr(RSI), DL).shr(RAX, 4).dec(ECX).jnz(bareDigit).jmp(puts);

    Label decDigit = new Label("decimal digit");
    a.label(putDec).lea(RSI, ptr(number, NUMBER_BYTES - 1)).mov(ECX, 10);
    a.label(decDigit).xor(EDX, EDX).div(RCX).add(EDX, '0');
    a.dec(RSI).mov(ptr(RSI), DL).test(RAX, RAX).jnz(decDigit).jmp(puts);
  }

  private void emitChecks() {
    Label notFirst = new Label("not the first failure");
    a.label(fail).push(RAX).push(RCX).push(RDX).push(RSI);
    a.cmp(DWORD, ptr(failures), 0).jnz(notFirst).mov(ptr(firstFailure), RSI).label(notFirst);
    a.inc(DWORD, ptr(failures));
    print(" [FAILED: ");
    a.mov(RSI, ptr(RSP)).call(puts);
    print("]");
    a.pop(RSI).pop(RDX).pop(RCX).pop(RAX).ret();

    Label bad = new Label("bad line");
    a.label(endLine).mov(EAX, ptr(failures)).cmp(EAX, ptr(lineFailures));
    a.mov(ptr(lineFailures), EAX).jnz(bad).mov(RSI, text(": ok\r\n")).jmp(puts);
    a.label(bad).mov(RSI, text("\r\n")).jmp(puts);
  }

  private void emitTime() {
    a.label(setDeadline).mov(ECX, ptr(tscPerUs)).mov(EAX, EDI).mul(RCX).mov(RDI, RAX);
    readTsc();
    a.add(RAX, RDI).mov(ptr(deadline), RAX).ret();
    a.label(expired);
    readTsc();
    a.cmp(RAX, ptr(deadline)).ret();
  }

  /** Prints the verdict; leaves with the zero flag set when all checks passed. */
  public void verdict() {
    Label failed = new Label("verdict failed");
    Label out = new Label("verdict out");
    a.mov(EBX, ptr(failures)).test(EBX, EBX).jnz(failed);
    print("All ");
    a.mov(EAX, ptr(checks)).call(putDec);
    print(" checks passed\r\n");
    a.jmp(out).label(failed);
    print("FAILED: ");
    printDec(EBX);
    print(" of ");
    a.mov(EAX, ptr(checks)).call(putDec);
    print(" checks, first: ");
    a.mov(RSI, ptr(firstFailure)).call(puts);
    print("\r\n");
    a.label(out);
    flushConsole();
    a.test(EBX, EBX);
  }

  /** Initialised data; all texts must have been used before. */
  public void emitData() {
    a.label(tscPerUs).dd(ASSUMED_TSC_PER_US);
    a.label(digits).asciz("0123456789abcdef");
    texts.forEach((text, label) -> a.label(label).asciz(text));
  }

  /** Room for the variables. */
  public void emitVariables() {
    variables.forEach(
        (label, bytes) ->
            a.align(Math.min(8, Integer.highestOneBit(bytes))).label(label).zero(bytes));
  }
}
