package javelin.boot.kernel;

import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;

/** Kernel images that tests build byte by byte. */
final class KernelFiles {
  static final int SETUP_SECTS = 3;
  static final int SETUP_SIZE = (1 + SETUP_SECTS) * 512;

  /**
   * A bzImage of protocol 2.15 with a payload that counts up, as Debian's are in all that counts.
   */
  static ByteBuffer bzImage(int payload) {
    ByteBuffer image = little(SETUP_SIZE + payload);
    image.put(0x1f1, (byte) SETUP_SECTS);
    image.putInt(0x1f4, payload / 16);
    image.putShort(0x1fe, (short) 0xaa55);
    image.put(0x200, (byte) 0xeb);
    image.put(0x201, (byte) 0x6a);
    image.put(0x202, "HdrS".getBytes(StandardCharsets.US_ASCII));
    image.putShort(0x206, (short) 0x20f);
    image.putShort(0x20e, (short) 0x300);
    image.put(0x500, "9.8.7-test (builder)\0".getBytes(StandardCharsets.US_ASCII));
    image.put(0x211, (byte) 1);
    image.putInt(0x22c, 0x7fff_ffff);
    image.putInt(0x230, 0x20_0000);
    image.put(0x234, (byte) 1);
    image.put(0x235, (byte) 21);
    image.putShort(0x236, (short) 3);
    image.putInt(0x238, 2047);
    image.putLong(0x250, 0x1234);
    image.putLong(0x258, 0x100_0000);
    image.putInt(0x260, 0x40_0000);
    for (int i = 0; i < payload; i++) {
      image.put(SETUP_SIZE + i, (byte) (i * 7 + 1));
    }
    return image;
  }

  /** Collects the parts of an ELF executable, of either class. */
  static final class Elf {
    private final boolean is64;
    private final long entry;
    private final List<long[]> headers = new ArrayList<>();
    private final List<byte[]> contents = new ArrayList<>();

    Elf(boolean is64, long entry) {
      this.is64 = is64;
      this.entry = entry;
    }

    Elf load(long virtual, long physical, byte[] content, long memorySize) {
      headers.add(new long[] {1, virtual, physical, memorySize});
      contents.add(content);
      return this;
    }

    Elf load(long address, byte[] content) {
      return load(address, address, content, content.length);
    }

    /** A note segment with another's note before Xen's PHYS32_ENTRY. */
    Elf pvhNote(int pvhEntry) {
      ByteBuffer notes = little(20 + 20);
      notes.putInt(0, 4).putInt(4, 4).putInt(8, 1);
      notes.put(12, "GNU\0".getBytes(StandardCharsets.US_ASCII));
      notes.putInt(20, 4).putInt(24, 4).putInt(28, 18);
      notes.put(32, "Xen\0".getBytes(StandardCharsets.US_ASCII));
      notes.putInt(36, pvhEntry);
      headers.add(new long[] {4, 0, 0, 0});
      contents.add(bytes(notes));
      return this;
    }

    ByteBuffer build() {
      int headerSize = is64 ? 64 : 52;
      int entrySize = is64 ? 56 : 32;
      int offset = headerSize + entrySize * headers.size();
      int size = offset + contents.stream().mapToInt(content -> content.length).sum();
      ByteBuffer file = little(size);
      file.put(0, new byte[] {0x7f, 'E', 'L', 'F', (byte) (is64 ? 2 : 1), 1, 1});
      file.putShort(16, (short) 2);
      file.putShort(18, (short) (is64 ? 62 : 3));
      file.putInt(20, 1);
      if (is64) {
        file.putLong(24, entry).putLong(32, headerSize);
        file.putShort(52, (short) 64).putShort(54, (short) 56);
        file.putShort(56, (short) headers.size());
      } else {
        file.putInt(24, (int) entry).putInt(28, headerSize);
        file.putShort(40, (short) 52).putShort(42, (short) 32);
        file.putShort(44, (short) headers.size());
      }
      for (int i = 0; i < headers.size(); i++) {
        int at = headerSize + i * entrySize;
        long[] header = headers.get(i);
        byte[] content = contents.get(i);
        file.putInt(at, (int) header[0]);
        if (is64) {
          file.putLong(at + 8, offset).putLong(at + 16, header[1]).putLong(at + 24, header[2]);
          file.putLong(at + 32, content.length).putLong(at + 40, header[3]).putLong(at + 48, 4);
        } else {
          file.putInt(at + 4, offset).putInt(at + 8, (int) header[1]);
          file.putInt(at + 12, (int) header[2]).putInt(at + 16, content.length);
          file.putInt(at + 20, (int) header[3]).putInt(at + 28, 4);
        }
        file.put(offset, content);
        offset += content.length;
      }
      return file;
    }
  }

  /** Code of an ELF32 Multiboot image: the header at its start, no address fields. */
  static byte[] multibootCode(int flags, int length) {
    ByteBuffer code = little(length);
    code.putInt(0, 0x1bad_b002).putInt(4, flags).putInt(8, -(0x1bad_b002 + flags));
    code.put(length - 1, (byte) 0x5a);
    return bytes(code);
  }

  /** A flat Multiboot image whose header, at offset 64, has the address fields. */
  static ByteBuffer flatMultiboot(int loadAddress, int size, int bss) {
    ByteBuffer image = little(size);
    int flags = (1 << 16) | 3;
    image.putInt(64, 0x1bad_b002).putInt(68, flags).putInt(72, -(0x1bad_b002 + flags));
    image.putInt(76, loadAddress + 64).putInt(80, loadAddress);
    image.putInt(84, loadAddress + size).putInt(88, loadAddress + size + bss);
    image.putInt(92, loadAddress + 128);
    image.put(size - 1, (byte) 0x77);
    return image;
  }

  /** A copy of all bytes of a buffer. */
  static byte[] bytes(ByteBuffer buffer) {
    byte[] bytes = new byte[buffer.capacity()];
    buffer.get(0, bytes);
    return bytes;
  }

  static ByteBuffer little(int size) {
    return ByteBuffer.allocate(size).order(ByteOrder.LITTLE_ENDIAN);
  }

  private KernelFiles() {}
}
