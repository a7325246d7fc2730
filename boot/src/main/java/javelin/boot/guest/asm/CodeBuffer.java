package javelin.boot.guest.asm;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;

/**
 * Bytes being assembled, the address they will run at, and the references still to be filled in.
 */
final class CodeBuffer {
  private enum Kind {
    /** Distance from the end of the instruction to the target. */
    RELATIVE,
    /** The target's address, or some bits of it. */
    ABSOLUTE
  }

  /**
   * A field of {@code size} bytes at {@code offset} that receives a label's address.
   *
   * @param trailing bytes of the instruction behind the field (relative only)
   * @param part whether the field holds only some bits of the address, from bit {@code shift} on
   */
  private record FixUp(
      int offset,
      int size,
      Kind kind,
      Label target,
      long addend,
      int trailing,
      boolean part,
      int shift) {}

  private final long origin;
  private final List<FixUp> fixUps = new ArrayList<>();
  private byte[] bytes = new byte[1024];
  private int size;

  CodeBuffer(long origin) {
    this.origin = origin;
  }

  int size() {
    return size;
  }

  long here() {
    return origin + size;
  }

  void put(int value) {
    if (size == bytes.length) {
      bytes = Arrays.copyOf(bytes, 2 * size);
    }
    bytes[size++] = (byte) value;
  }

  void put(int count, long value) {
    for (int i = 0; i < count; i++) {
      put((int) (value >>> (8 * i)));
    }
  }

  void relative(int count, Label target, long addend, int trailing) {
    fixUps.add(new FixUp(size, count, Kind.RELATIVE, target, addend, trailing, false, 0));
    put(count, 0);
  }

  void absolute(int count, Label target, long addend) {
    fixUps.add(new FixUp(size, count, Kind.ABSOLUTE, target, addend, 0, false, 0));
    put(count, 0);
  }

  void part(int count, Label target, int shift) {
    fixUps.add(new FixUp(size, count, Kind.ABSOLUTE, target, 0, 0, true, shift));
    put(count, 0);
  }

  /** The finished bytes, every reference filled in. */
  byte[] link() {
    byte[] linked = Arrays.copyOf(bytes, size);
    for (FixUp f : fixUps) {
      long value = f.target.address() + f.addend;
      if (f.kind == Kind.RELATIVE) {
        value -= origin + f.offset + f.size + f.trailing;
        requireSigned(f, value);
      } else if (!f.part) {
        requireUnsigned(f, value);
      }
      value >>>= f.shift;
      for (int i = 0; i < f.size; i++) {
        linked[f.offset + i] = (byte) (value >>> (8 * i));
      }
    }
    return linked;
  }

  private static void requireSigned(FixUp f, long value) {
    int unused = 64 - 8 * f.size;
    if (value << unused >> unused != value) {
      throw outOfReach(f, value);
    }
  }

  private static void requireUnsigned(FixUp f, long value) {
    if (f.size < 8 && value >>> (8 * f.size) != 0) {
      throw outOfReach(f, value);
    }
  }

  private static IllegalStateException outOfReach(FixUp f, long value) {
    return new IllegalStateException(
        "label %s is out of reach: 0x%x does not fit %d bytes".formatted(f.target, value, f.size));
  }
}
