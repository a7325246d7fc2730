package javelin.boot.guest.asm;

/** Segment registers, in encoding order. */
@SuppressWarnings("MissingSummary")
public enum Seg {
  ES(0),
  CS(1),
  SS(2),
  DS(3),
  FS(4),
  GS(5);

  private final int code;

  Seg(int code) {
    this.code = code;
  }

  /** The number that names the register in a ModRM byte. */
  public int code() {
    return code;
  }
}
