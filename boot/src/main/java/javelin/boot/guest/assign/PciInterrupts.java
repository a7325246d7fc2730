package javelin.boot.guest.assign;

import static javelin.boot.guest.asm.Mem.ptr;
import static javelin.boot.guest.asm.Reg.*;
import static javelin.boot.guest.asm.Width.*;

import java.util.function.IntConsumer;
import javelin.boot.guest.asm.Assembler;
import javelin.boot.guest.asm.Cond;
import javelin.boot.guest.asm.Label;
import javelin.boot.guest.runtime.Apic;
import javelin.boot.guest.runtime.GuestRuntime;
import javelin.boot.guest.runtime.IoApic;

/**
 * The three ways in which a function interrupts, each switched on and off for the function at RBX.
 * All end in the same handler, which counts, and has the device withdraw its interrupt.
 */
public final class PciInterrupts {
  private static final int VECTOR_INTX = 0x50;
  private static final int VECTOR_MESSAGE = 0x51;
  private static final int INTERRUPT_PIN = 0x3d;
  private static final int DEVICE_SHIFT = 3;
  private static final int MSI_CONTROL = 2;
  private static final int MSI_CONTROL_64 = 0x80;
  private static final int MSI_ADDRESS = 4;
  private static final int MSI_DATA_32 = 8;
  private static final int MSI_DATA_64 = 12;
  private static final int TIMEOUT_US = 2_000_000;

  /** Of what may be lost at first. */
  private static final int TRIES = 12;

  private static final int TRY_US = 300_000;

  /** Interrupts in a row: one more than can hide in an edge that was never withdrawn. */
  static final int ROW = 3;

  /** After an interrupt has come: time for one too many to show itself. */
  private static final int SETTLE_US = 2_000;

  /** More interrupts than this without a cause are a storm: the pin is masked. */
  private static final int STORM = 100;

  /** How many have come (32 bits). */
  public final Label count;

  /** When the last one came: the time stamp counter at the start of its handler (64 bits). */
  public final Label arrival;

  /** Those that have come without the device having a cause are counted here (32 bits). */
  private final Label spurious;

  /** Address of the device's routine that withdraws an interrupt, 0 for none; see the handler. */
  private final Label withdraw;

  private final GuestRuntime r;
  private final Assembler a;
  private final Apic apic;
  private final IoApic ioApic;
  private final Functions functions;
  private final MsixChecks msix;
  private final PciPlatform platform;
  private final Label gsi;

  PciInterrupts(Kit kit, Functions functions, MsixChecks msix) {
    r = kit.r();
    a = kit.a();
    apic = kit.apic();
    ioApic = kit.ioApic();
    platform = kit.platform();
    this.functions = functions;
    this.msix = msix;
    withdraw = r.variable("withdraw", 8);
    gsi = r.variable("gsi", 4);
    count = r.variable("count", 4);
    arrival = r.variable("arrival", 8);
    spurious = r.variable("spurious", 4);
    kit.interrupts().count(VECTOR_INTX, this::emitIntx);
    kit.interrupts().count(VECTOR_MESSAGE, this::emitMessage);
  }

  private void emitMessage() {
    Label counted = new Label("message counted");
    Label caused = new Label("message with cause");
    keepArrival();
    callWithdraw(caused, caused);
    a.inc(DWORD, ptr(spurious)).jmp(counted).label(caused).inc(DWORD, ptr(count)).label(counted);
  }

  /**
   * Goes to {@code none} where nothing withdraws, to {@code caused} where the device had a cause.
   */
  private void callWithdraw(Label none, Label caused) {
    a.mov(RAX, ptr(withdraw)).test(RAX, RAX).jz(none).call(RAX).test(EAX, EAX).jnz(caused);
  }

  private void keepArrival() {
    r.readTsc();
    a.mov(ptr(arrival), RAX);
  }

  /**
   * Counts what has a cause. A machine that takes a level for ended when it is delivered, and not
   * when the guest says so, delivers it once more, to find no cause: KVM on a host without hardware
   * virtualisation does. Drivers have to live with that, and so does this guest, also where it
   * comes when the pin has been masked and nothing withdraws any more.
   */
  private void emitIntx() {
    Label uncaused = new Label("intx without cause");
    Label caused = new Label("intx with cause");
    Label out = new Label("intx out");
    keepArrival();
    callWithdraw(uncaused, caused);
    a.label(uncaused).inc(DWORD, ptr(spurious)).cmp(DWORD, ptr(spurious), STORM).jb(out).push(RSI);
    maskPin();
    a.pop(RSI).jmp(out).label(caused).inc(DWORD, ptr(count)).label(out);
  }

  /**
   * The routine that interrupts call from now on: EAX = the causes that the device had, which it
   * has no more. It may change RAX, RCX and RDX.
   */
  public void withdrawBy(Label routine) {
    a.mov(RAX, routine).mov(ptr(withdraw), RAX);
  }

  /** Interrupts call nothing from now on. */
  public void withdrawNothing() {
    a.mov(QWORD, ptr(withdraw), 0);
  }

  /** Wires the function's pin to the processor; leaves the zero flag set where it has none. */
  public void enableIntx() {
    Label none = new Label("no pin");
    a.movzx(EAX, BYTE, functions.config(INTERRUPT_PIN)).test(EAX, EAX).jz(none);
    a.mov(ECX, ptr(RBX, Functions.DEVICE_FUNCTION)).shr(ECX, DEVICE_SHIFT);
    a.lea(ECX, ptr(RCX, RAX, 1, -1)).and(ECX, platform.gsiCount() - 1);
    a.add(ECX, platform.firstGsi()).mov(ptr(gsi), ECX);
    a.mov(EDX, VECTOR_INTX | IoApic.ACTIVE_LOW | IoApic.LEVEL).call(ioApic.redirect);
    a.or(ECX, 1).label(none);
  }

  /** Says how many of a row had no cause, if any; a storm of them fails. */
  void reportSpurious() {
    Label none = new Label("none spurious");
    a.cmp(DWORD, ptr(spurious), 0).jz(none);
    r.print(", spurious: ");
    a.mov(EAX, ptr(spurious)).call(r.putDec).label(none).cmp(DWORD, ptr(spurious), STORM);
    r.check(Cond.B, "no storm of interrupts");
  }

  /** Those without a cause until now are no part of a storm. */
  public void forgetSpurious() {
    a.mov(DWORD, ptr(spurious), 0);
  }

  /** Checks that none of a row was without a cause. */
  void checkNoneSpurious() {
    a.cmp(DWORD, ptr(spurious), 0);
    r.check(Cond.E, "no interrupt without a cause");
  }

  /**
   * Masks the GSI of the pin, and takes what was on its way by then, so that what is counted from
   * now on is of others. With interrupts off.
   */
  public void disableIntx() {
    maskPin();
    a.sti().nop().nop().cli();
  }

  private void maskPin() {
    a.mov(ECX, ptr(gsi));
    ioApic.mask();
  }

  /** Has the first MSI vector interrupt the processor. */
  public void enableMsi() {
    Label narrow = new Label("msi 32-bit");
    Label on = new Label("msi on");
    message();
    a.mov(ESI, EAX).mov(EDI, ptr(RBX, Functions.CAP_MSI)).add(RDI, ptr(RBX, Functions.CONFIG));
    a.mov(ptr(RDI, MSI_ADDRESS), ESI);
    a.test(BYTE, ptr(RDI, MSI_CONTROL), MSI_CONTROL_64).jz(narrow);
    a.mov(DWORD, ptr(RDI, MSI_DATA_32), 0).mov(WORD, ptr(RDI, MSI_DATA_64), VECTOR_MESSAGE).jmp(on);
    a.label(narrow).mov(WORD, ptr(RDI, MSI_DATA_32), VECTOR_MESSAGE);
    a.label(on).mov(WORD, ptr(RDI, MSI_CONTROL), 1);
  }

  /** Switches MSI off. */
  public void disableMsi() {
    a.mov(WORD, functions.capability(Functions.CAP_MSI, MSI_CONTROL), 0);
  }

  /** Has the first MSI-X vector interrupt the processor; the others are masked. */
  public void enableMsix() {
    routeMsix(0);
    controlMsix(MsixChecks.CONTROL_ENABLE);
  }

  /** Writes the upper bits of MSI-X's control register: enable, function mask. */
  void controlMsix(int bits) {
    a.mov(WORD, functions.capability(Functions.CAP_MSIX, MsixChecks.CONTROL), bits);
  }

  /** Has an MSI-X vector interrupt the processor. */
  void routeMsix(int vector) {
    int entry = vector * MsixChecks.ENTRY_BYTES;
    a.mov(ECX, MsixChecks.TABLE).call(msix.find).mov(RDI, RAX);
    message();
    a.mov(ptr(RDI, entry), EAX).mov(DWORD, ptr(RDI, entry + 4), 0);
    a.mov(DWORD, ptr(RDI, entry + MsixChecks.ENTRY_DATA), VECTOR_MESSAGE);
    a.mov(DWORD, ptr(RDI, entry + MsixChecks.ENTRY_CONTROL), 0);
  }

  /** Masks an MSI-X vector, or unmasks it. */
  void maskMsix(int vector, boolean isMasked) {
    int control = vector * MsixChecks.ENTRY_BYTES + MsixChecks.ENTRY_CONTROL;
    a.mov(ECX, MsixChecks.TABLE).call(msix.find).mov(DWORD, ptr(RAX, control), isMasked ? 1 : 0);
  }

  /** Tests the pending bit of an MSI-X vector: the zero flag is clear where it is set. */
  void testPending(int vector) {
    a.mov(ECX, MsixChecks.PBA).call(msix.find);
    a.test(DWORD, ptr(RAX, vector / 32 * 4), 1 << vector % 32);
  }

  /** Switches MSI-X off. */
  public void disableMsix() {
    controlMsix(0);
  }

  /** EAX = the address of messages to the boot processor. */
  private void message() {
    a.mov(EAX, ptr(apic.bootId)).and(EAX, 0xff).shl(EAX, 12).or(EAX, Apic.DEFAULT_PAGE);
  }

  /**
   * Runs {@code raise} several times, with numbers from 1, and checks that exactly one interrupt
   * follows each; gives up at the first that fails.
   *
   * @param kind for messages
   */
  void expectInARow(IntConsumer raise, String kind) {
    Label out = new Label("row out");
    forgetSpurious();
    for (int i = 1; i <= ROW; i++) {
      int number = i;
      expectOne(() -> raise.accept(number), "interrupt " + i + " is one " + kind);
      a.cmp(DWORD, ptr(count), 1).jnz(out);
    }
    a.label(out);
  }

  /** Runs {@code raise}, and checks that no interrupt follows. */
  void expectNone(Runnable raise, String name) {
    a.mov(DWORD, ptr(count), 0);
    raise.run();
    a.sti();
    r.delay(SETTLE_US);
    a.cli().cmp(DWORD, ptr(count), 0);
    r.check(Cond.E, name);
  }

  /**
   * Runs {@code raise}, again and again where it has to be, and checks that an interrupt follows;
   * there may be more.
   */
  void expectSome(Runnable raise, String name) {
    Label again = new Label("some interrupt again");
    Label out = new Label("some interrupt");
    Label tries = r.variable("triesLeft", 4);
    a.mov(DWORD, ptr(count), 0).mov(DWORD, ptr(tries), TRIES).label(again);
    raise.run();
    a.sti();
    r.await(() -> a.cmp(DWORD, ptr(count), 0), Cond.NE, TRY_US);
    a.cli().cmp(DWORD, ptr(count), 0).jnz(out).dec(DWORD, ptr(tries)).jnz(again);
    a.label(out).cmp(DWORD, ptr(count), 0);
    r.check(Cond.NE, name);
  }

  /** Runs {@code raise}, and checks that exactly one interrupt follows. */
  void expectOne(Runnable raise, String name) {
    Label one = new Label("one interrupt");
    a.mov(DWORD, ptr(count), 0);
    raise.run();
    a.sti();
    r.await(() -> a.cmp(DWORD, ptr(count), 0), Cond.NE, TIMEOUT_US);
    r.delay(SETTLE_US);
    a.cli().cmp(DWORD, ptr(count), 1).jz(one);
    r.print(" interrupts: ");
    a.mov(EAX, ptr(count)).call(r.putDec).cmp(DWORD, ptr(count), 1).label(one);
    r.check(Cond.E, name);
  }
}
