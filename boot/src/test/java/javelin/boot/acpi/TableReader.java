package javelin.boot.acpi;

import static org.assertj.core.api.Assertions.assertThat;

import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/** Reads an image as an operating system does, from the RSDP on, checking sums on the way. */
final class TableReader {
  private final AcpiImage image;
  private final ByteBuffer bytes;

  TableReader(AcpiImage image) {
    this.image = image;
    this.bytes = ByteBuffer.wrap(image.bytes()).order(ByteOrder.LITTLE_ENDIAN);
  }

  /** Returns all tables by signature, found through the XSDT and the FADT. */
  Map<String, ByteBuffer> tables() {
    Map<String, ByteBuffer> found = new LinkedHashMap<>();
    for (long address : listed(xsdtAddress(), Long.BYTES)) {
      ByteBuffer table = table(address);
      found.put(signature(table), table);
    }
    ByteBuffer fadt = found.get("FACP");
    found.put("DSDT", table(fadt.getLong(140)));
    found.put("FACS", at(Integer.toUnsignedLong(fadt.getInt(36)), 64));
    return found;
  }

  long rsdtAddress() {
    return Integer.toUnsignedLong(rsdp().getInt(16));
  }

  long xsdtAddress() {
    return rsdp().getLong(24);
  }

  ByteBuffer rsdp() {
    return at(image.rsdpAddress(), 36);
  }

  /** Returns the addresses that an RSDT (entry size 4) or XSDT (8) lists. */
  List<Long> listed(long address, int entrySize) {
    ByteBuffer list = table(address);
    List<Long> entries = new ArrayList<>();
    for (int at = 36; at < list.capacity(); at += entrySize) {
      entries.add(
          entrySize == Long.BYTES ? list.getLong(at) : Integer.toUnsignedLong(list.getInt(at)));
    }
    return entries;
  }

  /** Returns the table at a guest-physical address, its checksum verified. */
  ByteBuffer table(long address) {
    assertThat(address % 16).as("alignment of a table").isZero();
    ByteBuffer table = at(address, at(address, 8).getInt(4));
    assertThat(sum(table, table.capacity())).as("sum of " + signature(table)).isZero();
    return table;
  }

  static int sum(ByteBuffer bytes, int length) {
    int sum = 0;
    for (int i = 0; i < length; i++) {
      sum += bytes.get(i);
    }
    return sum & 0xFF;
  }

  static String signature(ByteBuffer table) {
    return text(table, 0, 4);
  }

  static String text(ByteBuffer table, int offset, int length) {
    return new String(bytes(table, offset, length), StandardCharsets.US_ASCII);
  }

  static byte[] bytes(ByteBuffer table, int offset, int length) {
    byte[] copy = new byte[length];
    table.get(offset, copy);
    return copy;
  }

  private ByteBuffer at(long address, int length) {
    int offset = Math.toIntExact(address - image.address());
    return ByteBuffer.wrap(bytes(bytes, offset, length)).order(ByteOrder.LITTLE_ENDIAN);
  }
}
