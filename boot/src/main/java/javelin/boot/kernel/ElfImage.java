package javelin.boot.kernel;

import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;
import java.util.OptionalLong;
import javelin.vmm.memory.GuestMemory;

/**
 * What of an ELF executable counts for loading it (System V ABI, gABI chapters 4 and 5; x86-64
 * psABI): the entry point, the loadable segments, and the PVH note.
 *
 * @param is64 whether it is ELF64
 * @param entry the entry point, as the file says it
 * @param segments PT_LOAD with a size above 0, in file order
 * @param pvhEntry the 32-bit entry point of the note XEN_ELFNOTE_PHYS32_ENTRY
 */
record ElfImage(boolean is64, long entry, List<Segment> segments, OptionalLong pvhEntry) {
  /** The first bytes of every ELF file. */
  static final int MAGIC = 0x464c_457f;

  /** ELF64 and ELF32 headers fit in this. */
  static final int HEADER_SIZE = 64;

  private static final int HEADER_SIZE_32 = 52;
  private static final int CLASS_OFFSET = 4;
  private static final int DATA_OFFSET = 5;
  private static final int TYPE_OFFSET = 16;
  private static final int MACHINE_OFFSET = 18;
  private static final int CLASS_64 = 2;
  private static final int LITTLE_ENDIAN = 1;
  private static final int ET_EXEC = 2;
  private static final int ET_DYN = 3;
  private static final int EM_386 = 3;
  private static final int EM_X86_64 = 62;
  private static final int PT_LOAD = 1;
  private static final int PT_NOTE = 4;
  private static final int MAX_PROGRAM_HEADERS = 1024;

  private static final int NOTE_HEADER_SIZE = 12;
  private static final int MAX_NOTES = 1 << 20;
  private static final int XEN_ELFNOTE_PHYS32_ENTRY = 18;
  private static final byte[] XEN = "Xen\0".getBytes(StandardCharsets.US_ASCII);

  // Where Linux on x86-64 maps itself (__START_KERNEL_map): virtual less physical address.
  private static final long LINUX_BASE = 0xffff_ffff_8000_0000L;

  /** A loadable segment: {@code fileSize} bytes of the file, then zeros up to the memory size. */
  record Segment(
      int index, long offset, long virtual, long physical, long fileSize, long memorySize) {
    boolean holdsPhysical(long address) {
      return Long.compareUnsigned(address - physical, memorySize) < 0;
    }

    boolean holdsVirtual(long address) {
      return Long.compareUnsigned(address - virtual, memorySize) < 0;
    }

    String name() {
      return "segment " + index;
    }
  }

  /**
   * Parses the headers.
   *
   * @throws KernelLoadException where it is no x86 executable, or not whole
   */
  static ElfImage parse(Content file) {
    ByteBuffer ident = file.read("the ELF header", 0, HEADER_SIZE_32);
    boolean is64 = ident.get(CLASS_OFFSET) == CLASS_64;
    ByteBuffer header = file.read("the ELF header", 0, is64 ? HEADER_SIZE : HEADER_SIZE_32);
    int machine = header.getChar(MACHINE_OFFSET);
    if (header.get(DATA_OFFSET) != LITTLE_ENDIAN || machine != (is64 ? EM_X86_64 : EM_386)) {
      throw file.error(
          "an ELF file for another machine (e_machine %d); Javelin runs x86-64 (%d) and 80386 (%d)",
          machine, EM_X86_64, EM_386);
    }
    int type = header.getChar(TYPE_OFFSET);
    if (type != ET_EXEC && type != ET_DYN) {
      throw file.error("an ELF file that is no executable (e_type %d); give a linked kernel", type);
    }
    long entry = is64 ? header.getLong(24) : u32(header, 24);
    long table = is64 ? header.getLong(32) : u32(header, 28);
    int entrySize = header.getChar(is64 ? 54 : 42);
    int count = header.getChar(is64 ? 56 : 44);
    int wanted = is64 ? 56 : 32;
    if (count == 0 || count > MAX_PROGRAM_HEADERS || entrySize != wanted) {
      throw file.error(
          "a bad ELF header: %d program headers of %d bytes (1 to %d of %d are possible)",
          count, entrySize, MAX_PROGRAM_HEADERS, wanted);
    }
    ByteBuffer headers = file.read("the program header table", table, count * entrySize);
    List<Segment> segments = new ArrayList<>();
    OptionalLong pvhEntry = OptionalLong.empty();
    for (int i = 0; i < count; i++) {
      int at = i * entrySize;
      int kind = headers.getInt(at);
      Segment segment = is64 ? segment64(headers, at, i) : segment32(headers, at, i);
      if (kind == PT_LOAD && segment.memorySize() != 0) {
        check(file, segment);
        segments.add(segment);
      } else if (kind == PT_NOTE && pvhEntry.isEmpty()) {
        long align = is64 ? headers.getLong(at + 48) : u32(headers, at + 28);
        pvhEntry = pvhNote(file, segment, align == 8 ? 8 : 4);
      }
    }
    if (segments.isEmpty()) {
      throw file.error("an ELF file without a loadable segment");
    }
    return new ElfImage(is64, entry, List.copyOf(segments), pvhEntry);
  }

  private static Segment segment64(ByteBuffer headers, int at, int index) {
    return new Segment(
        index,
        headers.getLong(at + 8),
        headers.getLong(at + 16),
        headers.getLong(at + 24),
        headers.getLong(at + 32),
        headers.getLong(at + 40));
  }

  private static Segment segment32(ByteBuffer headers, int at, int index) {
    return new Segment(
        index,
        u32(headers, at + 4),
        u32(headers, at + 8),
        u32(headers, at + 12),
        u32(headers, at + 16),
        u32(headers, at + 20));
  }

  private static void check(Content file, Segment segment) {
    file.require(segment.name(), segment.offset(), segment.fileSize());
    if (Long.compareUnsigned(segment.fileSize(), segment.memorySize()) > 0) {
      throw file.error(
          "a bad ELF file: %s has %d bytes in the file and %d in memory",
          segment.name(), segment.fileSize(), segment.memorySize());
    }
  }

  private static OptionalLong pvhNote(Content file, Segment notes, int align) {
    file.require("the note segment", notes.offset(), notes.fileSize());
    ByteBuffer bytes =
        file.read("the notes", notes.offset(), (int) Math.min(notes.fileSize(), MAX_NOTES));
    long at = 0;
    while (at + NOTE_HEADER_SIZE <= bytes.limit()) {
      long nameSize = u32(bytes, (int) at);
      long size = u32(bytes, (int) at + 4);
      int type = bytes.getInt((int) at + 8);
      long name = at + NOTE_HEADER_SIZE;
      long description = (name + nameSize + align - 1) & -align;
      long next = (description + size + align - 1) & -align;
      if (description + size > bytes.limit()) {
        break;
      }
      if (type == XEN_ELFNOTE_PHYS32_ENTRY
          && size >= Integer.BYTES
          && nameSize == XEN.length
          && bytes.slice((int) name, XEN.length).equals(ByteBuffer.wrap(XEN))) {
        return OptionalLong.of(u32(bytes, (int) description));
      }
      at = next;
    }
    return OptionalLong.empty();
  }

  /** Whether it is a vmlinux: its entry is a physical address in a segment of Linux's mapping. */
  boolean isLinux() {
    return is64
        && segments.stream()
            .anyMatch(s -> s.holdsPhysical(entry) && s.virtual() - s.physical() == LINUX_BASE);
  }

  /** The physical address of the entry point, which the file may give as a virtual one. */
  long physicalEntry(Content file) {
    for (Segment segment : segments) {
      if (segment.holdsPhysical(entry)) {
        return entry;
      }
    }
    for (Segment segment : segments) {
      if (segment.holdsVirtual(entry)) {
        return entry - segment.virtual() + segment.physical();
      }
    }
    throw file.error("the entry point 0x%x is in none of its segments", entry);
  }

  /** Claims the place of each segment, then copies them. */
  void load(Content file, Placement placement, GuestMemory memory) {
    for (Segment segment : segments) {
      placement.claim(file, segment.name(), segment.physical(), segment.memorySize());
    }
    for (Segment segment : segments) {
      long bytes = segment.fileSize();
      file.load(segment.name(), segment.offset(), bytes, memory, segment.physical());
      memory.fill(segment.physical() + bytes, segment.memorySize() - bytes, 0);
    }
  }

  private static long u32(ByteBuffer buffer, int offset) {
    return Integer.toUnsignedLong(buffer.getInt(offset));
  }

  /** Whether a file starts as ELF files do. */
  static boolean isElf(ByteBuffer head) {
    return head.limit() >= Integer.BYTES && head.getInt(0) == MAGIC;
  }
}
