package javelin.boot.kernel;

import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import javelin.vmm.memory.GuestMemory;

/** The open bytes of a {@link BootFile}. Each read is checked against the size. */
abstract class Content implements AutoCloseable {
  private final String subject;
  private final long size;

  Content(String subject, long size) {
    this.subject = subject;
    this.size = size;
  }

  /** What messages call it, such as {@code "kernel /boot/vmlinuz"}. */
  String subject() {
    return subject;
  }

  /** Bytes in it. */
  long size() {
    return size;
  }

  /** Whether {@code length} bytes at {@code offset} are in it; safe for any values. */
  boolean has(long offset, long length) {
    return offset >= 0 && length >= 0 && offset <= size && length <= size - offset;
  }

  /** An error of this file; the message as {@link String#format} makes it. */
  @SuppressWarnings("AnnotateFormatMethod") // the annotation is in a library of its own
  KernelLoadException error(String format, Object... arguments) {
    return new KernelLoadException(subject, String.format(format, arguments));
  }

  /**
   * The bytes at {@code offset}, little-endian.
   *
   * @param part what they are, for the message where the file ends before them
   */
  ByteBuffer read(String part, long offset, int length) {
    require(part, offset, length);
    byte[] bytes = new byte[length];
    copy(offset, bytes);
    return ByteBuffer.wrap(bytes).order(ByteOrder.LITTLE_ENDIAN);
  }

  /** Copies bytes to a range of guest RAM that the caller has checked. */
  void load(String part, long offset, long length, GuestMemory memory, long address) {
    require(part, offset, length);
    copy(offset, length, memory, address);
  }

  /** Checks that the file has a part whole. */
  void require(String part, long offset, long length) {
    if (!has(offset, length)) {
      throw error(
          "truncated: %s is %s bytes at offset %s, the file has %d bytes; copy or build it again",
          part, Long.toUnsignedString(length), Long.toUnsignedString(offset), size);
    }
  }

  abstract void copy(long offset, byte[] target);

  abstract void copy(long offset, long length, GuestMemory memory, long address);

  @Override
  public abstract void close();
}
