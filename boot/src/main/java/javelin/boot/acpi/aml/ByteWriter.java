package javelin.boot.acpi.aml;

import java.io.ByteArrayOutputStream;
import java.nio.charset.StandardCharsets;

/**
 * Appends little-endian fields to a growing buffer: ACPI tables and AML are little-endian
 * throughout (ACPI 6.5, 5.2). A value that does not fit its field is refused, so that nothing is
 * cut silently.
 */
public final class ByteWriter {
  private final ByteArrayOutputStream buffer = new ByteArrayOutputStream();

  /** Returns the bytes written so far. */
  public int length() {
    return buffer.size();
  }

  /** Appends an unsigned 8-bit value. */
  public ByteWriter u8(int value) {
    checkFits(value, 8);
    return append(value, Byte.BYTES);
  }

  /** Appends an unsigned 16-bit value. */
  public ByteWriter u16(int value) {
    checkFits(value, 16);
    return append(value, Short.BYTES);
  }

  /** Appends an unsigned 32-bit value. */
  public ByteWriter u32(long value) {
    checkFits(value, 32);
    return append(value, Integer.BYTES);
  }

  /** Appends a 64-bit value, all its bits. */
  public ByteWriter u64(long value) {
    return append(value, Long.BYTES);
  }

  /** Appends bytes as they are. */
  public ByteWriter bytes(byte[] value) {
    buffer.writeBytes(value);
    return this;
  }

  /** Appends ASCII text in a field of {@code width} bytes, the rest filled with {@code fill}. */
  public ByteWriter ascii(String text, int width, char fill) {
    byte[] bytes = text.getBytes(StandardCharsets.US_ASCII);
    if (bytes.length > width) {
      throw new IllegalArgumentException("'" + text + "' does not fit in " + width + " bytes");
    }
    bytes(bytes);
    for (int i = bytes.length; i < width; i++) {
      u8(fill);
    }
    return this;
  }

  /** Appends {@code count} zero bytes. */
  public ByteWriter zeros(int count) {
    return bytes(new byte[count]);
  }

  /** Returns a copy of all bytes written. */
  public byte[] toByteArray() {
    return buffer.toByteArray();
  }

  private ByteWriter append(long value, int width) {
    for (int i = 0; i < width; i++) {
      buffer.write((int) (value >>> (Byte.SIZE * i))); // its low 8 bits
    }
    return this;
  }

  private static void checkFits(long value, int bits) {
    if (value >>> bits != 0) {
      throw new IllegalArgumentException(
          "0x" + Long.toHexString(value) + " does not fit in an unsigned " + bits + "-bit field");
    }
  }
}
