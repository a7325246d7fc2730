package javelin.boot.acpi.aml;

import static java.nio.ByteOrder.LITTLE_ENDIAN;

import java.nio.charset.StandardCharsets;
import org.agrona.ExpandableArrayBuffer;
import org.agrona.MutableDirectBuffer;

/**
 * Appends little-endian fields to a growing buffer: ACPI tables and AML are little-endian
 * throughout (ACPI 6.5, 5.2). A value that does not fit its field is refused, so that nothing is
 * cut silently.
 */
public final class ByteWriter {
  private final MutableDirectBuffer buffer = new ExpandableArrayBuffer(128);
  private int length;

  /** Returns the bytes written so far. */
  public int length() {
    return length;
  }

  /** Appends an unsigned 8-bit value. */
  public ByteWriter u8(int value) {
    checkFits(value, 8);
    buffer.putByte(length, (byte) value);
    length += Byte.BYTES;
    return this;
  }

  /** Appends an unsigned 16-bit value. */
  public ByteWriter u16(int value) {
    checkFits(value, 16);
    buffer.putShort(length, (short) value, LITTLE_ENDIAN);
    length += Short.BYTES;
    return this;
  }

  /** Appends an unsigned 32-bit value. */
  public ByteWriter u32(long value) {
    checkFits(value, 32);
    buffer.putInt(length, (int) value, LITTLE_ENDIAN);
    length += Integer.BYTES;
    return this;
  }

  /** Appends a 64-bit value, all its bits. */
  public ByteWriter u64(long value) {
    buffer.putLong(length, value, LITTLE_ENDIAN);
    length += Long.BYTES;
    return this;
  }

  /** Appends bytes as they are. */
  public ByteWriter bytes(byte[] value) {
    buffer.putBytes(length, value);
    length += value.length;
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
    byte[] result = new byte[length];
    buffer.getBytes(0, result);
    return result;
  }

  private static void checkFits(long value, int bits) {
    if (value >>> bits != 0) {
      throw new IllegalArgumentException(
          "0x" + Long.toHexString(value) + " does not fit in an unsigned " + bits + "-bit field");
    }
  }
}
