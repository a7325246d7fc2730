package javelin.boot.guest.asm;

/**
 * The directives of the {@link Assembler}: labels, data, alignment, and the code size.
 *
 * @param <A> the assembler itself, so that calls chain
 */
abstract class Directives<A extends Directives<A>> {
  /** Code bytes so far. */
  final CodeBuffer buffer;

  /** Turns operands into bytes. */
  final Encoder encoder;

  Directives(CodeBuffer buffer, Encoder encoder) {
    this.buffer = buffer;
    this.encoder = encoder;
  }

  /** This object, as the type that the caller holds. */
  abstract A self();

  /** The code that follows runs in this mode. */
  public A mode(Mode mode) {
    encoder.mode(mode);
    return self();
  }

  /** Places a label here. */
  public A label(Label label) {
    label.bind(buffer.here());
    return self();
  }

  /** Address of the next byte. */
  public long here() {
    return buffer.here();
  }

  /** Bytes as they are. */
  public A db(int... bytes) {
    for (int b : bytes) {
      buffer.put(b);
    }
    return self();
  }

  /** 16-bit words. */
  public A dw(int... words) {
    for (int word : words) {
      buffer.put(2, word);
    }
    return self();
  }

  /** 32-bit words. */
  public A dd(int... words) {
    for (int word : words) {
      buffer.put(4, word);
    }
    return self();
  }

  /** 64-bit words. */
  public A dq(long... words) {
    for (long word : words) {
      buffer.put(8, word);
    }
    return self();
  }

  /** The address of a label, as a 32-bit word. */
  public A dd(Label label) {
    buffer.absolute(4, label, 0);
    return self();
  }

  /** The address of a label, as a 64-bit word. */
  public A dq(Label label) {
    return dq(label, 0);
  }

  /** The address of a label plus {@code addend}, as a 64-bit word. */
  public A dq(Label label, long addend) {
    buffer.absolute(8, label, addend);
    return self();
  }

  /** {@code size} bytes of a label's address, from bit {@code shift} on: a field of a gate. */
  A part(Label label, int size, int shift) {
    buffer.part(size, label, shift);
    return self();
  }

  /** Text in ASCII with a terminating zero. */
  public A asciz(String text) {
    for (int i = 0; i < text.length(); i++) {
      char c = text.charAt(i);
      if (c == 0 || c > 0x7e) {
        throw new IllegalArgumentException("not ASCII: " + text);
      }
      buffer.put(c);
    }
    buffer.put(0);
    return self();
  }

  /** Zero bytes. */
  public A zero(int count) {
    for (int i = 0; i < count; i++) {
      buffer.put(0);
    }
    return self();
  }

  /** Zero bytes up to the next address that is a multiple of {@code bytes}, a power of two. */
  public A align(int bytes) {
    return zero((int) (-buffer.here() & (bytes - 1)));
  }
}
