package javelin.boot.lab;

import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Set;

/** What a Linux kernel module says of itself in its ELF section {@code .modinfo}. */
final class ModuleInfo {
  private static final int MAGIC = 0x464C457F;
  private static final byte CLASS_64 = 2;
  private static final int SECTION_TABLE_OFFSET = 0x28;
  private static final int SECTION_ENTRY_SIZE_OFFSET = 0x3A;
  private static final int SECTION_COUNT_OFFSET = 0x3C;
  private static final int NAMES_INDEX_OFFSET = 0x3E;
  private static final int SECTION_DATA_OFFSET = 0x18;
  private static final int SECTION_SIZE_OFFSET = 0x20;

  private ModuleInfo() {}

  /** Names of modules, with underscores. */
  record Dependencies(Set<String> needed, Set<String> wanted) {}

  /**
   * The modules that are loaded before this one: those whose symbols it needs, and those that it
   * wants where they exist ({@code softdep=pre:}; names of algorithms may be among them).
   *
   * @param module the module's (uncompressed) bytes
   * @throws IllegalArgumentException if this is no 64-bit ELF file with a .modinfo section
   */
  static Dependencies dependencies(byte[] module) {
    Set<String> needed = new LinkedHashSet<>();
    Set<String> wanted = new LinkedHashSet<>();
    for (String field : fields(module)) {
      if (field.startsWith("depends=")) {
        addNames(needed, field.substring("depends=".length()).split(",", -1));
      } else if (field.startsWith("softdep=pre:")) {
        String list = field.substring("softdep=pre:".length());
        int post = list.indexOf("post:");
        addNames(wanted, (post < 0 ? list : list.substring(0, post)).split("\\s+", -1));
      }
    }
    return new Dependencies(needed, wanted);
  }

  private static void addNames(Set<String> names, String[] found) {
    for (String name : found) {
      if (!name.isBlank()) {
        names.add(name.strip().replace('-', '_'));
      }
    }
  }

  private static List<String> fields(byte[] module) {
    ByteBuffer elf = ByteBuffer.wrap(module).order(ByteOrder.LITTLE_ENDIAN);
    try {
      if (elf.getInt(0) != MAGIC || elf.get(4) != CLASS_64) {
        throw new IllegalArgumentException("no 64-bit ELF file");
      }
      int table = Math.toIntExact(elf.getLong(SECTION_TABLE_OFFSET));
      int entry = Short.toUnsignedInt(elf.getShort(SECTION_ENTRY_SIZE_OFFSET));
      int count = Short.toUnsignedInt(elf.getShort(SECTION_COUNT_OFFSET));
      int names = table + entry * Short.toUnsignedInt(elf.getShort(NAMES_INDEX_OFFSET));
      int namesAt = Math.toIntExact(elf.getLong(names + SECTION_DATA_OFFSET));
      for (int i = 0; i < count; i++) {
        int section = table + entry * i;
        if (string(module, namesAt + elf.getInt(section), module.length).equals(".modinfo")) {
          int at = Math.toIntExact(elf.getLong(section + SECTION_DATA_OFFSET));
          int size = Math.toIntExact(elf.getLong(section + SECTION_SIZE_OFFSET));
          return strings(module, at, at + size);
        }
      }
    } catch (IndexOutOfBoundsException | ArithmeticException e) {
      throw new IllegalArgumentException("a truncated ELF file", e);
    }
    throw new IllegalArgumentException("an ELF file without .modinfo");
  }

  private static List<String> strings(byte[] bytes, int from, int to) {
    List<String> strings = new ArrayList<>();
    for (int at = from; at < to; ) {
      String string = string(bytes, at, to);
      if (!string.isEmpty()) {
        strings.add(string);
      }
      at += string.getBytes(StandardCharsets.ISO_8859_1).length + 1;
    }
    return strings;
  }

  private static String string(byte[] bytes, int from, int limit) {
    int end = from;
    while (end < limit && bytes[end] != 0) {
      end++;
    }
    return new String(bytes, from, end - from, StandardCharsets.ISO_8859_1);
  }
}
