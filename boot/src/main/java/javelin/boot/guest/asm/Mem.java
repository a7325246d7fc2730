package javelin.boot.guest.asm;

/**
 * A memory operand: {@code [label + base + index * scale + disp]}, each part but one optional.
 *
 * <p>A label alone is encoded RIP-relative in 64-bit code and absolute elsewhere. A label together
 * with a register is an absolute 32-bit displacement, so it needs an image below 2 GiB.
 */
public record Mem(Label label, Reg base, Reg index, int scale, int disp) implements Rm {

  /** Checks the parts that no encoding exists for. */
  public Mem {
    if (scale != 1 && scale != 2 && scale != 4 && scale != 8) {
      throw new IllegalArgumentException("scale must be 1, 2, 4 or 8, not " + scale);
    }
    if (index != null && index.number() == 4) {
      throw new IllegalArgumentException("the stack pointer cannot be an index");
    }
    if (base != null && index != null && base.width() != index.width()) {
      throw new IllegalArgumentException("base and index differ in width");
    }
  }

  /** {@code [base]}. */
  public static Mem ptr(Reg base) {
    return new Mem(null, base, null, 1, 0);
  }

  /** {@code [base + disp]}. */
  public static Mem ptr(Reg base, int disp) {
    return new Mem(null, base, null, 1, disp);
  }

  /** {@code [base + index * scale + disp]}. */
  public static Mem ptr(Reg base, Reg index, int scale, int disp) {
    return new Mem(null, base, index, scale, disp);
  }

  /** {@code [label]}. */
  public static Mem ptr(Label label) {
    return new Mem(label, null, null, 1, 0);
  }

  /** {@code [label + disp]}. */
  public static Mem ptr(Label label, int disp) {
    return new Mem(label, null, null, 1, disp);
  }

  /** {@code [label + index * scale]}: an element of a table. */
  public static Mem ptr(Label label, Reg index, int scale) {
    return new Mem(label, null, index, scale, 0);
  }

  /**
   * {@code [address]}; 64-bit code sign-extends the 32 bits, so only the lowest 2 GiB are reached.
   */
  public static Mem abs(int address) {
    return new Mem(null, null, null, 1, address);
  }
}
