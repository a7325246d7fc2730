package javelin.boot.acpi.aml;

/**
 * The package length in front of most AML objects (ACPI 6.5, 20.2.4). It counts itself:
 *
 * <pre>
 *   lead byte  7 6            5 4          3 2 1 0
 *              bytes behind   (*) zero     low nibble
 *
 *   one byte:  bits 5-0 are the length, up to 63 (*)
 *   2-4 bytes: the nibble, then 8 bits of the length per byte, up to 2^12, 2^20, 2^28 (less one)
 * </pre>
 */
final class PkgLength {
  private static final int MAX_ONE_BYTE = 0x3F;
  private static final int MAX_BYTES = 4;

  private PkgLength() {}

  /**
   * Appends the length of a package whose content behind the length field has {@code content}
   * bytes.
   *
   * @throws IllegalArgumentException where the content is beyond what four bytes can say
   */
  static void write(ByteWriter out, int content) {
    if (content + 1 <= MAX_ONE_BYTE) {
      out.u8(content + 1);
      return;
    }
    for (int bytes = 2; bytes <= MAX_BYTES; bytes++) {
      long total = (long) content + bytes;
      int following = bytes - 1;
      if (total >>> (4 + 8 * following) == 0) {
        out.u8(following << 6 | (int) (total & 0xF));
        for (int i = 0; i < following; i++) {
          out.u8((int) (total >>> (4 + 8 * i)) & 0xFF);
        }
        return;
      }
    }
    throw new IllegalArgumentException(
        "an AML package of " + content + " bytes is beyond the limit of 2^28 bytes; split it");
  }
}
