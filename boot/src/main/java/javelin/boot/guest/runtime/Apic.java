package javelin.boot.guest.runtime;

import static javelin.boot.guest.asm.Mem.ptr;
import static javelin.boot.guest.asm.Reg.*;
import static javelin.boot.guest.asm.Width.*;

import javelin.boot.guest.asm.Assembler;
import javelin.boot.guest.asm.Cond;
import javelin.boot.guest.asm.Label;

/**
 * The local APIC, through its page or, where the machine starts in x2APIC mode, through MSRs (Intel
 * SDM volume 3, chapter 11), and the 8259 pair, which is only silenced.
 */
public final class Apic {
  public static final int REG_ID = 0x20;
  public static final int REG_TPR = 0x80;
  public static final int REG_EOI = 0xb0;
  public static final int REG_SPURIOUS = 0xf0;
  public static final int REG_ICR_LOW = 0x300;
  public static final int REG_ICR_HIGH = 0x310;
  public static final int REG_LVT_TIMER = 0x320;
  public static final int REG_TIMER_INITIAL = 0x380;
  public static final int REG_TIMER_CURRENT = 0x390;
  public static final int REG_TIMER_DIVIDE = 0x3e0;

  public static final int LVT_MASKED = 1 << 16;
  public static final int VECTOR_SPURIOUS = 0xff;

  public static final int MSR_APIC_BASE = 0x1b;
  public static final int APIC_BASE_X2APIC = 1 << 10;
  public static final int MSR_X2APIC_ID = 0x802;

  /** Commands of the ICR: INIT, and STARTUP with the page of the code in its lowest byte. */
  public static final int ICR_INIT = 0x4500;

  public static final int ICR_STARTUP = 0x4600;

  /** Where the local APIC's page is, and where messages to local APICs go. */
  public static final long DEFAULT_PAGE = 0xfee0_0000L;

  private static final int APIC_BASE_ENABLED = 1 << 11;
  private static final int SPURIOUS_APIC_ON = 0x100;
  private static final int ICR_BUSY = 1 << 12;
  private static final int ICR_POLLS = 1000;
  private static final int PIC_MASTER_MASK = 0x21;
  private static final int PIC_SLAVE_MASK = 0xa1;

  /** EAX = register ECX. */
  public final Label read = new Label("apicRead");

  /** Register ECX = EAX. */
  public final Label write = new Label("apicWrite");

  /** Sends the command EAX to the APIC id EDX, and waits until it is sent. */
  public final Label send = new Label("apicSend");

  /** The commands of {@link #fire} go to the APIC id EDX. Changes RCX. */
  public final Label aim = new Label("apicAim");

  /** Sends the command EAX, by one write, and does not wait. Changes RCX and RDX. */
  public final Label fire = new Label("apicFire");

  /** APIC id of the boot processor (32 bits). */
  public final Label bootId;

  private final GuestRuntime r;
  private final Assembler a;
  private final Label x2apic;
  private final Label page;
  private final Label target;

  public Apic(GuestRuntime r) {
    this.r = r;
    this.a = r.a;
    bootId = r.variable("bootId", 4);
    x2apic = r.variable("x2apic", 4);
    page = r.variable("apicPage", 8);
    target = r.variable("apicTarget", 4);
  }

  /** Turns the local APIC on, masks the 8259s, and checks the APIC id against CPUID. */
  public void emitSetUp() {
    Label xapic = new Label("xapic");
    Label wide = new Label("x2apic id");
    r.print("APIC    ");
    r.outByte(PIC_MASTER_MASK, 0xff);
    r.outByte(PIC_SLAVE_MASK, 0xff);
    a.mov(ECX, MSR_APIC_BASE).rdmsr().shl(RDX, 32).or(RAX, RDX).mov(RBX, RAX);
    a.mov(RDX, RAX).and(RDX, -4096).mov(ptr(page), RDX);
    a.test(EBX, APIC_BASE_ENABLED);
    r.check(Cond.NE, "local APIC enabled");
    a.test(EBX, APIC_BASE_X2APIC).jz(xapic).inc(DWORD, ptr(x2apic));
    r.print("x2APIC mode, ");
    a.label(xapic);
    emitEnable();
    a.mov(ECX, REG_ID).call(read).cmp(DWORD, ptr(x2apic), 0).jnz(wide).shr(EAX, 24);
    a.label(wide).mov(ptr(bootId), EAX);
    r.print("id ");
    a.mov(EAX, ptr(bootId)).call(r.putDec);
    a.mov(EAX, 1).xor(ECX, ECX).cpuid().shr(EBX, 24).mov(EAX, ptr(bootId)).and(EAX, 0xff);
    a.cmp(EAX, EBX);
    r.check(Cond.E, "APIC id as CPUID says");
  }

  /**
   * Has this processor's APIC take interrupts, once {@link #emitSetUp} has been for one of them.
   */
  public void emitEnable() {
    set(REG_SPURIOUS, SPURIOUS_APIC_ON | VECTOR_SPURIOUS);
    set(REG_TPR, 0);
  }

  /** Writes a register. */
  public void set(int register, long value) {
    a.mov(ECX, register).mov(EAX, value).call(write);
  }

  /** End of interrupt; changes RAX, RCX and RDX. */
  public void endOfInterrupt() {
    set(REG_EOI, 0);
  }

  public void emitRoutines() {
    Label readMsr = new Label("read MSR");
    Label writeMsr = new Label("write MSR");
    Label sendMsr = new Label("send MSR");
    Label poll = new Label("send poll");
    Label sent = new Label("sent");
    a.label(read).cmp(DWORD, ptr(x2apic), 0).jnz(readMsr);
    a.add(RCX, ptr(page)).mov(EAX, ptr(RCX)).ret();
    a.label(readMsr).shr(ECX, 4).or(ECX, 0x800).rdmsr().ret();
    a.label(write).cmp(DWORD, ptr(x2apic), 0).jnz(writeMsr);
    a.add(RCX, ptr(page)).mov(ptr(RCX), EAX).ret();
    a.label(writeMsr).shr(ECX, 4).or(ECX, 0x800).xor(EDX, EDX).wrmsr().ret();

    a.label(send).cmp(DWORD, ptr(x2apic), 0).jnz(sendMsr);
    a.mov(RCX, ptr(page)).shl(EDX, 24).mov(ptr(RCX, REG_ICR_HIGH), EDX);
    a.mov(ptr(RCX, REG_ICR_LOW), EAX).mov(EDX, ICR_POLLS);
    a.label(poll).mov(EAX, ptr(RCX, REG_ICR_LOW)).test(EAX, ICR_BUSY).jz(sent);
    a.pause().dec(EDX).jnz(poll).label(sent).ret();
    a.label(sendMsr).mov(ECX, 0x800 | REG_ICR_LOW >> 4).wrmsr().ret();

    Label fireMsr = new Label("fire MSR");
    Label aimed = new Label("aimed");
    a.label(aim).mov(ptr(target), EDX).cmp(DWORD, ptr(x2apic), 0).jnz(aimed);
    a.mov(RCX, ptr(page)).shl(EDX, 24).mov(ptr(RCX, REG_ICR_HIGH), EDX).label(aimed).ret();
    a.label(fire).cmp(DWORD, ptr(x2apic), 0).jnz(fireMsr);
    a.mov(RCX, ptr(page)).mov(ptr(RCX, REG_ICR_LOW), EAX).ret();
    a.label(fireMsr).mov(EDX, ptr(target)).jmp(sendMsr);
  }
}
