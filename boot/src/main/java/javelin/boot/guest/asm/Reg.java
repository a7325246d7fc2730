package javelin.boot.guest.asm;

/**
 * The general-purpose registers under the name of each width. The old high bytes (AH and its kin)
 * are left out: they cannot be named together with a REX prefix.
 */
@SuppressWarnings("MissingSummary")
public enum Reg implements Rm {
  AL(Width.BYTE, 0),
  CL(Width.BYTE, 1),
  DL(Width.BYTE, 2),
  BL(Width.BYTE, 3),
  SPL(Width.BYTE, 4),
  BPL(Width.BYTE, 5),
  SIL(Width.BYTE, 6),
  DIL(Width.BYTE, 7),
  R8B(Width.BYTE, 8),
  R9B(Width.BYTE, 9),
  R10B(Width.BYTE, 10),
  R11B(Width.BYTE, 11),
  R12B(Width.BYTE, 12),
  R13B(Width.BYTE, 13),
  R14B(Width.BYTE, 14),
  R15B(Width.BYTE, 15),
  AX(Width.WORD, 0),
  CX(Width.WORD, 1),
  DX(Width.WORD, 2),
  BX(Width.WORD, 3),
  SP(Width.WORD, 4),
  BP(Width.WORD, 5),
  SI(Width.WORD, 6),
  DI(Width.WORD, 7),
  R8W(Width.WORD, 8),
  R9W(Width.WORD, 9),
  R10W(Width.WORD, 10),
  R11W(Width.WORD, 11),
  R12W(Width.WORD, 12),
  R13W(Width.WORD, 13),
  R14W(Width.WORD, 14),
  R15W(Width.WORD, 15),
  EAX(Width.DWORD, 0),
  ECX(Width.DWORD, 1),
  EDX(Width.DWORD, 2),
  EBX(Width.DWORD, 3),
  ESP(Width.DWORD, 4),
  EBP(Width.DWORD, 5),
  ESI(Width.DWORD, 6),
  EDI(Width.DWORD, 7),
  R8D(Width.DWORD, 8),
  R9D(Width.DWORD, 9),
  R10D(Width.DWORD, 10),
  R11D(Width.DWORD, 11),
  R12D(Width.DWORD, 12),
  R13D(Width.DWORD, 13),
  R14D(Width.DWORD, 14),
  R15D(Width.DWORD, 15),
  RAX(Width.QWORD, 0),
  RCX(Width.QWORD, 1),
  RDX(Width.QWORD, 2),
  RBX(Width.QWORD, 3),
  RSP(Width.QWORD, 4),
  RBP(Width.QWORD, 5),
  RSI(Width.QWORD, 6),
  RDI(Width.QWORD, 7),
  R8(Width.QWORD, 8),
  R9(Width.QWORD, 9),
  R10(Width.QWORD, 10),
  R11(Width.QWORD, 11),
  R12(Width.QWORD, 12),
  R13(Width.QWORD, 13),
  R14(Width.QWORD, 14),
  R15(Width.QWORD, 15);

  private final Width width;
  private final int number;

  Reg(Width width, int number) {
    this.width = width;
    this.number = number;
  }

  /** Width of the register under this name. */
  public Width width() {
    return width;
  }

  /** Hardware number, 0 to 15; bit 3 goes into the REX prefix. */
  public int number() {
    return number;
  }

  /** SPL, BPL, SIL and DIL exist only with a REX prefix; without one the code means AH and kin. */
  boolean needsRex() {
    return width == Width.BYTE && number >= 4;
  }
}
