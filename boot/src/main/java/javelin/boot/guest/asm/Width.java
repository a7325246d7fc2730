package javelin.boot.guest.asm;

/** Operand width of an instruction. */
public enum Width {
  /** 8 bits. */
  BYTE(1),
  /** 16 bits. */
  WORD(2),
  /** 32 bits. */
  DWORD(4),
  /** 64 bits. */
  QWORD(8);

  private final int bytes;

  Width(int bytes) {
    this.bytes = bytes;
  }

  /** Size in bytes: 1, 2, 4 or 8. */
  public int bytes() {
    return bytes;
  }

  /** Size in bits: 8, 16, 32 or 64. */
  public int bits() {
    return 8 * bytes;
  }
}
