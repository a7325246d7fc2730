package javelin.boot.guest.asm;

/** Conditions of jumps and SETcc, in encoding order (Intel SDM volume 1, appendix B). */
public enum Cond {
  /** Overflow. */
  O(0),
  /** No overflow. */
  NO(1),
  /** Below (carry set), unsigned. */
  B(2),
  /** Above or equal (carry clear), unsigned. */
  AE(3),
  /** Equal (zero set). */
  E(4),
  /** Not equal (zero clear). */
  NE(5),
  /** Below or equal, unsigned. */
  BE(6),
  /** Above, unsigned. */
  A(7),
  /** Negative. */
  S(8),
  /** Not negative. */
  NS(9),
  /** Parity even. */
  P(10),
  /** Parity odd. */
  NP(11),
  /** Less, signed. */
  L(12),
  /** Greater or equal, signed. */
  GE(13),
  /** Less or equal, signed. */
  LE(14),
  /** Greater, signed. */
  G(15);

  private final int code;

  Cond(int code) {
    this.code = code;
  }

  /** The four bits that name the condition in an opcode. */
  public int code() {
    return code;
  }
}
