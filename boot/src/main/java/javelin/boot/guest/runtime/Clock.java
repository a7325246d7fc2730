package javelin.boot.guest.runtime;

import static javelin.boot.guest.asm.Mem.ptr;
import static javelin.boot.guest.asm.Reg.*;

import javelin.boot.guest.asm.Assembler;
import javelin.boot.guest.asm.Cond;
import javelin.boot.guest.asm.Label;

/** The speed of the time stamp counter, by which waits are bounded, measured by the PM timer. */
final class Clock {
  private static final int PM_TIMER_HZ = 3_579_545;
  private static final int PM_TIMER_MASK = 0xff_ffff;
  private static final int CALIBRATION_TICKS = 3_000_000;

  private final GuestRuntime r;
  private final AcpiChecks acpi;
  private final Assembler a;

  Clock(GuestRuntime r, AcpiChecks acpi) {
    this.r = r;
    this.acpi = acpi;
    this.a = r.a;
  }

  /** Two readings of the PM timer, some milliseconds apart, give the speed of the TSC. */
  void emitCalibration() {
    Label spin = new Label("calibrate");
    Label out = new Label("not calibrated");
    r.print("Clock   ");
    a.mov(EDX, ptr(acpi.pmTimer)).test(EDX, EDX);
    r.check(Cond.NE, "PM timer block");
    a.test(EDX, EDX).jz(out);
    a.inDx(EAX).mov(EBX, EAX);
    r.readTsc();
    a.mov(RBP, RAX);
    a.label(spin).pause();
    r.readTsc();
    a.sub(RAX, RBP).cmp(RAX, CALIBRATION_TICKS).jb(spin).mov(R8, RAX);
    a.mov(EDX, ptr(acpi.pmTimer)).inDx(EAX).sub(EAX, EBX).and(EAX, PM_TIMER_MASK);
    a.mov(EBX, EAX).test(EBX, EBX);
    r.check(Cond.NE, "PM timer runs");
    a.test(EBX, EBX).jz(out);
    // TSC ticks per microsecond = TSC difference * timer frequency / (timer difference * 10^6)
    a.mov(EAX, PM_TIMER_HZ).mul(R8).mov(R8, RAX).mov(EAX, 1_000_000).mul(RBX).mov(RCX, RAX);
    a.mov(RAX, R8).xor(EDX, EDX).div(RCX).test(EAX, EAX).jz(out).mov(ptr(r.tscPerUs), EAX);
    r.print("TSC ");
    a.mov(EAX, ptr(r.tscPerUs)).call(r.putDec);
    r.print(" MHz by the PM timer");
    a.label(out);
    r.endLine();
  }
}
