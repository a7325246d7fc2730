package javelin.perf.exits;

import javelin.boot.guest.asm.Assembler;
import javelin.boot.guest.asm.Label;
import javelin.boot.guest.asm.Mem;
import javelin.boot.guest.asm.Mode;
import javelin.boot.guest.asm.Reg;
import javelin.boot.guest.asm.Seg;

/** An endless guest loop, in real mode, that leaves to user space each time round. */
public enum ExitLoop {
  /** {@code out} of one byte. */
  PORT("port write", 0xe0),
  /** A store of one byte outside RAM. */
  MMIO("MMIO write", 0xd_0000);

  /** Guest-physical address of the first byte of {@link #code}. */
  public static final int ORIGIN = 0x1000;

  private final String label;
  private final int target;

  ExitLoop(String label, int target) {
    this.label = label;
    this.target = target;
  }

  /** The name for reports. */
  public String label() {
    return label;
  }

  /** The port, or the guest-physical address, that the loop writes to. */
  public int target() {
    return target;
  }

  /** The guest's code, to be placed and started at {@link #ORIGIN}. */
  public byte[] code() {
    Assembler code = new Assembler(ORIGIN, Mode.BITS16);
    Label again = new Label("again");
    if (this == PORT) {
      code.label(again).out(target, Reg.AL);
    } else {
      code.mov(Reg.AX, target >> 4).mov(Seg.DS, Reg.AX).mov(Reg.EBX, 0);
      code.label(again).mov(Mem.ptr(Reg.EBX), Reg.AL);
    }
    return code.jmp(again).assemble();
  }
}
