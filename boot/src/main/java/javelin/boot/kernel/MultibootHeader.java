package javelin.boot.kernel;

import java.nio.ByteBuffer;

/**
 * The header of a Multiboot 1 image (Multiboot specification 0.6.96, section 3.1).
 *
 * @param offset of the header in the file
 * @param flags what the image asks for
 * @param headerAddress guest-physical address of the header itself; this and the next fields count
 *     only where {@link #hasAddresses} says so
 * @param loadAddress where the image's first byte goes
 * @param loadEnd end of what is loaded; 0: the whole file
 * @param bssEnd end of the zeros behind it; 0: none
 * @param entry the entry point
 */
record MultibootHeader(
    int offset,
    int flags,
    long headerAddress,
    long loadAddress,
    long loadEnd,
    long bssEnd,
    long entry) {
  static final int MAGIC = 0x1bad_b002;

  /** The header lies in this many bytes at the file's start. */
  static final int SEARCHED = 8192;

  /** The header has the addresses itself, which spares an ELF header (or overrides it). */
  static final int HAS_ADDRESSES = 1 << 16;

  private static final int PAGE_ALIGN = 1;
  private static final int MEMORY_INFO = 2;
  private static final int DEMANDS = 0xffff;
  private static final int SHORT_SIZE = 12;
  private static final int SIZE = 32;

  /** The header, or null where there is none. */
  static MultibootHeader find(ByteBuffer head) {
    int end = Math.min(head.limit(), SEARCHED) - SHORT_SIZE;
    for (int at = 0; at <= end; at += 4) {
      // The first byte alone rules most places out, and costs an interpreter less.
      if (head.get(at) != (byte) MAGIC || head.getInt(at) != MAGIC) {
        continue;
      }
      int flags = head.getInt(at + 4);
      if (MAGIC + flags + head.getInt(at + 8) == 0) {
        if ((flags & HAS_ADDRESSES) == 0) {
          return new MultibootHeader(at, flags, 0, 0, 0, 0, 0);
        }
        if (at + SIZE <= head.limit()) {
          return new MultibootHeader(
              at,
              flags,
              u32(head, at + 12),
              u32(head, at + 16),
              u32(head, at + 20),
              u32(head, at + 24),
              u32(head, at + 28));
        }
      }
    }
    return null;
  }

  boolean hasAddresses() {
    return (flags & HAS_ADDRESSES) != 0;
  }

  /** Checks that the image asks for nothing that Javelin has not. */
  void check(Content file) {
    int unknown = flags & DEMANDS & ~(PAGE_ALIGN | MEMORY_INFO);
    if (unknown != 0) {
      throw file.error(
          "its Multiboot header asks for what Javelin has not (flags 0x%x)%s",
          unknown, unknown == 4 ? ": a video mode" : "");
    }
  }

  private static long u32(ByteBuffer buffer, int offset) {
    return Integer.toUnsignedLong(buffer.getInt(offset));
  }
}
