package javelin.boot.guest.bench;

import static javelin.boot.guest.asm.Mem.ptr;
import static javelin.boot.guest.asm.Reg.*;

import javelin.boot.guest.asm.Assembler;
import javelin.boot.guest.asm.Label;
import javelin.boot.guest.runtime.GuestRuntime;

/**
 * The speed of the time stamp counter by the interval timer's channel 2, which every PC has and
 * needs no table to be found (Intel 8254; its output is bit 5 of port 0x61).
 */
final class PitClock {
  private static final int CHANNEL_2 = 0x42;
  private static final int COMMAND = 0x43;
  private static final int CONTROL = 0x61;
  private static final int GATE_ON_SPEAKER_OFF = 1;
  private static final int OUTPUT = 1 << 5;

  /** Channel 2, low byte then high byte, mode 0: the output rises when the count is over. */
  private static final int ONE_SHOT = 0xb0;

  /** 10 ms at 1,193,182 Hz. */
  private static final int COUNT = 11_932;

  private static final int MICROSECONDS = 10_000;
  private static final int POLLS = 1_000_000;

  private final GuestRuntime r;

  PitClock(GuestRuntime r) {
    this.r = r;
  }

  /**
   * Sets {@code tscPerUs} and goes on with what {@code known} emits; leaves it where there is no
   * such timer. Changes RBX and RBP too.
   */
  void emitCalibration(Runnable known) {
    Assembler a = r.a;
    Label poll = new Label("pit poll");
    Label over = new Label("pit over");
    Label out = new Label("pit out");
    r.outByte(CONTROL, GATE_ON_SPEAKER_OFF);
    r.outByte(COMMAND, ONE_SHOT);
    r.outByte(CHANNEL_2, COUNT & 0xff);
    r.outByte(CHANNEL_2, COUNT >> 8);
    // Where nothing answers, all bits are set.
    a.in(AL, CONTROL).test(AL, OUTPUT).jnz(out);
    r.readTsc();
    a.mov(RBP, RAX).mov(EBX, POLLS);
    a.label(poll).in(AL, CONTROL).test(AL, OUTPUT).jnz(over).dec(EBX).jnz(poll).jmp(out);
    a.label(over);
    r.readTsc();
    a.sub(RAX, RBP).xor(EDX, EDX).mov(ECX, MICROSECONDS).div(RCX).test(EAX, EAX).jz(out);
    a.mov(ptr(r.tscPerUs), EAX);
    known.run();
    a.label(out);
  }
}
