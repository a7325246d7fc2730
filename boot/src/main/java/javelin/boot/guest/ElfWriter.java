package javelin.boot.guest;

import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;

/**
 * Writes a {@link GuestProgram} as an ELF64 executable for x86-64 (System V gABI, chapters 4 and
 * 5): a PT_LOAD per segment, physical equal to virtual addresses, no sections. An image with a PVH
 * entry gets the note XEN_ELFNOTE_PHYS32_ENTRY (xen/include/public/elfnote.h), by which loaders
 * find it.
 */
public final class ElfWriter {
  private static final int EHDR_SIZE = 64;
  private static final int PHDR_SIZE = 56;
  private static final int ET_EXEC = 2;
  private static final int EM_X86_64 = 62;
  private static final int PT_LOAD = 1;
  private static final int PT_NOTE = 4;
  private static final int PF_X = 1;
  private static final int PF_W = 2;
  private static final int PF_R = 4;
  private static final int XEN_ELFNOTE_PHYS32_ENTRY = 18;
  private static final int PAGE = 4096;

  private ElfWriter() {}

  /** The file's bytes. */
  public static byte[] write(GuestProgram image) {
    List<Part> parts = new ArrayList<>();
    int headers = EHDR_SIZE + PHDR_SIZE * (image.segments().size() + 1);
    long offset = headers;
    if (image.pvhEntry() != 0) {
      byte[] note = note(image.pvhEntry());
      parts.add(new Part(PT_NOTE, PF_R, offset, 0, note, note.length, 4));
      offset += note.length;
    }
    for (GuestProgram.Segment s : image.segments()) {
      // Offset and address agree modulo the page size, as the gABI asks of PT_LOAD.
      offset += (s.address() - offset) & (PAGE - 1);
      byte[] content = s.content();
      int flags = PF_R | (s.access() == GuestProgram.Access.CODE ? PF_X : PF_W);
      parts.add(new Part(PT_LOAD, flags, offset, s.address(), content, s.memorySize(), PAGE));
      offset += content.length;
    }
    ByteBuffer file = ByteBuffer.allocate(Math.toIntExact(offset)).order(ByteOrder.LITTLE_ENDIAN);
    header(file, image.entry(), parts.size());
    parts.forEach(part -> part.writeHeader(file));
    parts.forEach(part -> file.put((int) part.offset, part.content));
    return file.array();
  }

  private static void header(ByteBuffer file, long entry, int programHeaders) {
    file.put(new byte[] {0x7f, 'E', 'L', 'F', 2, 1, 1}).position(16);
    file.putShort((short) ET_EXEC).putShort((short) EM_X86_64).putInt(1);
    file.putLong(entry).putLong(EHDR_SIZE).putLong(0).putInt(0);
    file.putShort((short) EHDR_SIZE).putShort((short) PHDR_SIZE).putShort((short) programHeaders);
    file.putShort((short) 0).putShort((short) 0).putShort((short) 0);
  }

  private static byte[] note(long pvhEntry) {
    byte[] name = "Xen\0".getBytes(StandardCharsets.US_ASCII);
    ByteBuffer note = ByteBuffer.allocate(24).order(ByteOrder.LITTLE_ENDIAN);
    note.putInt(name.length).putInt(Long.BYTES).putInt(XEN_ELFNOTE_PHYS32_ENTRY);
    return note.put(name).putLong(pvhEntry).array();
  }

  /** One program header and the bytes it speaks of. */
  private static final class Part {
    private final int type;
    private final int flags;
    private final long offset;
    private final long address;
    private final byte[] content;
    private final long memorySize;
    private final long alignment;

    Part(
        int type,
        int flags,
        long offset,
        long address,
        byte[] content,
        long memorySize,
        long alignment) {
      this.type = type;
      this.flags = flags;
      this.offset = offset;
      this.address = address;
      this.content = content;
      this.memorySize = memorySize;
      this.alignment = alignment;
    }

    void writeHeader(ByteBuffer file) {
      file.putInt(type).putInt(flags).putLong(offset).putLong(address).putLong(address);
      file.putLong(content.length).putLong(memorySize).putLong(alignment);
    }
  }
}
