package javelin.boot.acpi;

import java.util.List;
import javelin.boot.acpi.aml.ByteWriter;

/** Where an operating system starts to read: the RSDP (ACPI 6.5, 5.2.5) and its lists of tables. */
final class RootPointer {
  static final int LENGTH = 36;

  /** The part that ACPI 1.0 knew has a checksum of its own. */
  private static final int ACPI1_LENGTH = 20;

  private static final int CHECKSUM_OFFSET = 8;
  private static final int EXTENDED_CHECKSUM_OFFSET = 32;
  private static final int REVISION = 2;

  private RootPointer() {}

  static byte[] build(long rsdt, long xsdt) {
    byte[] rsdp =
        new ByteWriter()
            .ascii("RSD PTR ", 8, ' ')
            .u8(0)
            .ascii(SystemTable.OEM_ID, 6, ' ')
            .u8(REVISION)
            .u32(rsdt)
            .u32(LENGTH)
            .u64(xsdt)
            .u8(0)
            .zeros(3)
            .toByteArray();
    rsdp[CHECKSUM_OFFSET] = SystemTable.checksum(rsdp, ACPI1_LENGTH);
    rsdp[EXTENDED_CHECKSUM_OFFSET] = SystemTable.checksum(rsdp, LENGTH);
    return rsdp;
  }

  /** The RSDT (5.2.7): 32-bit addresses, for small kernels that read nothing newer. */
  static byte[] rsdt(List<Long> tables) {
    ByteWriter body = new ByteWriter();
    tables.forEach(body::u32);
    return SystemTable.of("RSDT", 1, body);
  }

  /** The XSDT (5.2.8): 64-bit addresses. */
  static byte[] xsdt(List<Long> tables) {
    ByteWriter body = new ByteWriter();
    tables.forEach(body::u64);
    return SystemTable.of("XSDT", 1, body);
  }
}
