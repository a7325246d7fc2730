package javelin.boot.guest.asm;

/** The control registers that system code loads and stores. */
@SuppressWarnings("MissingSummary")
public enum ControlReg {
  CR0(0),
  CR2(2),
  CR3(3),
  CR4(4),
  CR8(8);

  private final int number;

  ControlReg(int number) {
    this.number = number;
  }

  /** Hardware number. */
  public int number() {
    return number;
  }
}
