package javelin.boot.kernel;

import java.io.BufferedInputStream;
import java.io.EOFException;
import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.zip.GZIPInputStream;
import org.tukaani.xz.SingleXZInputStream;

/**
 * The compressed vmlinux in a bzImage (Documentation/arch/x86/boot.rst, payload_offset and
 * payload_length): its packed bytes, then their unpacked length as a u32.
 *
 * @param offset where it is in the file
 * @param length its bytes, the length at the end among them
 */
record KernelPayload(Path file, long offset, long length) {
  private static final int SECTOR = 512;
  private static final int SETUP_SECTS_OFFSET = 0x1f1;
  private static final int PAYLOAD_OFFSET_OFFSET = 0x248;
  private static final int PAYLOAD_LENGTH_OFFSET = 0x24c;
  private static final int HEADER_READ = 0x250;

  /** Setup sectors where the header says 0. */
  private static final int OLD_SETUP_SECTS = 4;

  /** What the decompressor may take for its dictionary, the kernel's being 32 or 128 MiB. */
  private static final int XZ_MEMORY_KIB = 160 << 10;

  private static final byte[] GZIP = {0x1f, (byte) 0x8b};
  private static final byte[] XZ = {(byte) 0xfd, '7', 'z', 'X', 'Z'};
  private static final int MAGIC_LENGTH = 6;
  private static final int BUFFER = 1 << 16;

  /**
   * Finds it.
   *
   * @throws IOException where the file cannot be read or is no bzImage with such a payload
   */
  static KernelPayload find(Path file) throws IOException {
    ByteBuffer head;
    try (InputStream in = Files.newInputStream(file)) {
      head = ByteBuffer.wrap(in.readNBytes(HEADER_READ)).order(ByteOrder.LITTLE_ENDIAN);
    }
    if (head.limit() < HEADER_READ || !SetupHeader.isLinux(head)) {
      throw new IOException("it is no bzImage");
    }
    int sectors = head.get(SETUP_SECTS_OFFSET) & 0xff;
    long start = (1L + (sectors == 0 ? OLD_SETUP_SECTS : sectors)) * SECTOR;
    long offset = start + Integer.toUnsignedLong(head.getInt(PAYLOAD_OFFSET_OFFSET));
    long length = Integer.toUnsignedLong(head.getInt(PAYLOAD_LENGTH_OFFSET));
    if (length <= Integer.BYTES || offset + length > Files.size(file)) {
      throw new IOException("its header names no payload in it");
    }
    return new KernelPayload(file, offset, length);
  }

  /**
   * Unpacks it.
   *
   * @return how many bytes were written
   * @throws IOException where it is packed in a way that is not known here, or is not whole
   */
  long unpackTo(OutputStream out) throws IOException {
    long written = 0;
    try (InputStream packed = new BufferedInputStream(Files.newInputStream(file), BUFFER)) {
      packed.skipNBytes(offset);
      try (InputStream in = unpacker(packed)) {
        byte[] buffer = new byte[BUFFER];
        for (int n = in.read(buffer); n >= 0; n = in.read(buffer)) {
          out.write(buffer, 0, n);
          written += n;
        }
      }
    }
    if (written != unpackedLength()) {
      throw new EOFException("its payload is " + written + " bytes, not " + unpackedLength());
    }
    return written;
  }

  private static InputStream unpacker(InputStream packed) throws IOException {
    packed.mark(MAGIC_LENGTH);
    byte[] magic = packed.readNBytes(MAGIC_LENGTH);
    packed.reset();
    if (startsWith(magic, XZ)) {
      return new SingleXZInputStream(packed, XZ_MEMORY_KIB);
    }
    if (startsWith(magic, GZIP)) {
      return new GZIPInputStream(packed, BUFFER);
    }
    throw new IOException("it is packed by neither xz nor gzip");
  }

  private static boolean startsWith(byte[] bytes, byte[] start) {
    return bytes.length >= start.length
        && ByteBuffer.wrap(bytes, 0, start.length).equals(ByteBuffer.wrap(start));
  }

  private long unpackedLength() throws IOException {
    try (InputStream in = Files.newInputStream(file)) {
      in.skipNBytes(offset + length - Integer.BYTES);
      byte[] bytes = in.readNBytes(Integer.BYTES);
      return Integer.toUnsignedLong(ByteBuffer.wrap(bytes).order(ByteOrder.LITTLE_ENDIAN).getInt());
    }
  }
}
