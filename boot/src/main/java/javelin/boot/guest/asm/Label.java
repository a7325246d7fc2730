package javelin.boot.guest.asm;

/**
 * A place in the code or data of one {@link Assembler}, bound once, referred to any number of
 * times.
 */
public final class Label {
  private static final long UNBOUND = Long.MIN_VALUE;

  private final String name;
  private long address = UNBOUND;

  /** A label that is not bound yet; the name appears in error messages only. */
  public Label(String name) {
    this.name = name;
  }

  /** The name given at creation. */
  public String name() {
    return name;
  }

  boolean isBound() {
    return address != UNBOUND;
  }

  /**
   * Address the label stands for.
   *
   * @throws IllegalStateException when the label was never placed
   */
  public long address() {
    if (!isBound()) {
      throw new IllegalStateException("label " + name + " is used but never placed");
    }
    return address;
  }

  void bind(long where) {
    if (isBound()) {
      throw new IllegalStateException("label " + name + " is placed twice");
    }
    address = where;
  }

  @Override
  public String toString() {
    return name;
  }
}
