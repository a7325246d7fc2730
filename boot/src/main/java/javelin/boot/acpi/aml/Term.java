package javelin.boot.acpi.aml;

/**
 * A piece of AML byte code, complete in itself; made by {@link Aml} and {@link ResourceTemplate}.
 */
public final class Term {
  private final byte[] code;

  Term(ByteWriter code) {
    this.code = code.toByteArray();
  }

  /** Returns a copy of the byte code. */
  public byte[] toByteArray() {
    return code.clone();
  }

  void writeTo(ByteWriter out) {
    out.bytes(code);
  }
}
