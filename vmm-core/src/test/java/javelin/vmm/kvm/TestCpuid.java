package javelin.vmm.kvm;

import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;

/**
 * What KVM could offer on made-up Intel-like and AMD-like hosts of eight cores with two threads.
 */
final class TestCpuid {
  private static final String BRAND = "Made-up processor with a name of 3 leaves @ 9GHz";

  static CpuidTable intel() {
    List<CpuidEntry> entries = new ArrayList<>();
    entries.add(vendor(0, 0x1f, "GenuineIntel"));
    // The host's APIC id 5, 16 ids; OSXSAVE as the host has it.
    entries.add(plain(1, 0x806f8, 0x0510_0800, 0x7efa_3223 | 1 << 27, 0x1f8b_fbff));
    entries.add(indexed(4, 0, 0x1c00_4121, 0x02c0_003f, 63, 0));
    entries.add(indexed(4, 1, 0x1c00_4122, 0x01c0_003f, 63, 0));
    entries.add(indexed(4, 2, 0x1c00_4143, 0x03c0_003f, 2047, 0));
    entries.add(indexed(4, 3, 0x1c03_c163, 0x0380_003f, 0xffff, 4));
    entries.add(indexed(4, 4, 0, 0, 0, 0));
    entries.add(plain(6, 4, 0, 0, 0));
    // With OSPKE (ecx 4) as the host has it.
    entries.add(indexed(7, 0, 1, 0xf1bf_27ab, 0x0041_5f5e, 0xbfc0_4410));
    entries.add(indexed(7, 1, 0x30, 0, 0, 0));
    entries.add(indexed(0xb, 0, 0, 0, 0, 5));
    entries.add(indexed(0xd, 0, 0x6_02e7, 0x2b00, 0x2b00, 0));
    entries.add(indexed(0xd, 1, 0x1f, 0x2b00, 0x1800, 0));
    entries.add(indexed(0xd, 2, 0x100, 0x240, 0, 0));
    entries.add(indexed(0xd, 5, 0x40, 0x440, 0, 0));
    entries.add(indexed(0xd, 6, 0x200, 0x480, 0, 0));
    entries.add(indexed(0xd, 7, 0x400, 0x680, 0, 0));
    entries.add(indexed(0xd, 9, 8, 0xa80, 0, 0));
    entries.add(indexed(0xd, 17, 0x40, 0xac0, 2, 0));
    entries.add(indexed(0xd, 18, 0x2000, 0xb00, 6, 0));
    entries.add(indexed(0x1f, 0, 0, 0, 0, 5));
    hypervisor(entries);
    entries.add(plain(0x8000_0000, 0x8000_0008, 0, 0, 0));
    entries.add(plain(0x8000_0001, 0, 0, 0x121, 0x2c10_0800));
    brand(entries);
    entries.add(plain(0x8000_0008, 0x0000_392e, 0, 0, 0));
    return new CpuidTable(entries);
  }

  static CpuidTable amd() {
    List<CpuidEntry> entries = new ArrayList<>();
    entries.add(vendor(0, 0x10, "AuthenticAMD"));
    entries.add(plain(1, 0xa00f11, 0x0310_0800, 0x76fa_320b, 0x178b_fbff));
    entries.add(indexed(7, 0, 0, 0x219c_07a9, 0x0040_060c, 0));
    entries.add(indexed(0xb, 0, 0, 0, 0, 3));
    entries.add(indexed(0xd, 0, 0x207, 0x988, 0x988, 0));
    entries.add(indexed(0xd, 1, 0xf, 0x358, 0, 0));
    entries.add(indexed(0xd, 2, 0x100, 0x240, 0, 0));
    entries.add(indexed(0xd, 9, 8, 0x980, 0, 0));
    hypervisor(entries);
    entries.add(plain(0x8000_0000, 0x8000_0026, 0, 0, 0));
    entries.add(plain(0x8000_0001, 0xa00f11, 0x4000_0000, 0x0040_01f7, 0x2fd3_fbff));
    brand(entries);
    entries.add(plain(0x8000_0008, 0x3030, 0x0111_d205, 0x700f, 0));
    entries.add(plain(0x8000_000a, 1, 0x8000, 0, 0x00b9_bcff));
    entries.add(indexed(0x8000_001d, 0, 0x4121, 0x01c0_003f, 63, 0));
    entries.add(indexed(0x8000_001d, 2, 0x4143, 0x01c0_003f, 1023, 2));
    entries.add(indexed(0x8000_001d, 3, 0x3_c163, 0x03c0_003f, 0x7fff, 1));
    entries.add(indexed(0x8000_001d, 4, 0, 0, 0, 0));
    entries.add(plain(0x8000_001e, 0, 0, 0, 0));
    entries.add(indexed(0x8000_0026, 0, 1, 2, 0x100, 3));
    return new CpuidTable(entries);
  }

  private static void hypervisor(List<CpuidEntry> entries) {
    entries.add(plain(0x4000_0000, 0x4000_0001, 0x4b4d_564b, 0x564b_4d56, 0x4d));
    entries.add(plain(0x4000_0001, 0x0100_7efb, 0, 0, 0));
  }

  private static void brand(List<CpuidEntry> entries) {
    ByteBuffer text = ByteBuffer.wrap(BRAND.getBytes(StandardCharsets.US_ASCII));
    text.order(ByteOrder.LITTLE_ENDIAN);
    for (int i = 0; i < 3; i++) {
      entries.add(
          plain(0x8000_0002 + i, text.getInt(), text.getInt(), text.getInt(), text.getInt()));
    }
  }

  private static CpuidEntry vendor(int function, int maximum, String vendor) {
    ByteBuffer text = ByteBuffer.wrap(vendor.getBytes(StandardCharsets.US_ASCII));
    text.order(ByteOrder.LITTLE_ENDIAN);
    return plain(function, maximum, text.getInt(0), text.getInt(8), text.getInt(4));
  }

  private static CpuidEntry plain(int function, int eax, int ebx, int ecx, int edx) {
    return new CpuidEntry(function, 0, 0, eax, ebx, ecx, edx);
  }

  private static CpuidEntry indexed(int function, int index, int eax, int ebx, int ecx, int edx) {
    return new CpuidEntry(function, index, CpuidEntry.INDEX_COUNTS, eax, ebx, ecx, edx);
  }

  private TestCpuid() {}
}
