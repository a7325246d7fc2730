package javelin.boot.acpi;

import javelin.boot.acpi.aml.ByteWriter;

/**
 * The header that system description tables share (ACPI 6.5, 5.2.6), and their checksum:
 *
 * <pre>
 *    0 signature      4 length       8 revision, checksum
 *   10 OEM id        16 OEM table id                      24 OEM revision
 *   28 creator id    32 creator revision                  36 the table
 * </pre>
 */
final class SystemTable {
  static final int HEADER_LENGTH = 36;
  static final String OEM_ID = "JAVELN";

  private static final String OEM_TABLE_ID = "JAVELIN";
  private static final int OEM_REVISION = 1;
  private static final String CREATOR_ID = "JVLN";
  private static final int CREATOR_REVISION = 1;
  private static final int CHECKSUM_OFFSET = 9;

  private SystemTable() {}

  /** Returns the whole table: the header, then {@code body}. */
  static byte[] of(String signature, int revision, ByteWriter body) {
    byte[] table =
        new ByteWriter()
            .ascii(signature, 4, ' ')
            .u32(HEADER_LENGTH + body.length())
            .u8(revision)
            .u8(0)
            .ascii(OEM_ID, 6, ' ')
            .ascii(OEM_TABLE_ID, 8, ' ')
            .u32(OEM_REVISION)
            .ascii(CREATOR_ID, 4, ' ')
            .u32(CREATOR_REVISION)
            .bytes(body.toByteArray())
            .toByteArray();
    table[CHECKSUM_OFFSET] = checksum(table, table.length);
    return table;
  }

  /** Returns the byte that makes the first {@code length} bytes add up to zero. */
  static byte checksum(byte[] bytes, int length) {
    int sum = 0;
    for (int i = 0; i < length; i++) {
      sum += bytes[i];
    }
    return (byte) -sum;
  }
}
