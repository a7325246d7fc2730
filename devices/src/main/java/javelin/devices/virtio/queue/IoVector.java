package javelin.devices.virtio.queue;

import javelin.vmm.linux.NativeMemory;
import org.agrona.MutableDirectBuffer;
import org.agrona.concurrent.UnsafeBuffer;

/**
 * Buffers of guest RAM in a row, as readv(2) and writev(2) take them: {@code struct iovec} (uapi
 * linux/uio.h), u64 base and u64 length each. What has been dealt with is taken off at either end;
 * none of that allocates.
 *
 * <p>Every range was inside guest RAM when it was added, so the process addresses can be handed to
 * the kernel. For one thread at a time.
 */
public final class IoVector {
  private static final int ENTRY_LENGTH = 16;
  private static final int BASE = 0;
  private static final int LENGTH = 8;

  /** Entries that are kept free at the front, for {@link #prepend}. */
  private static final int SPARE = 1;

  private final UnsafeBuffer entries;
  private final UnsafeBuffer view = new UnsafeBuffer(0, 0);
  private int first;
  private int end;
  private long bytes;

  /** Room for {@code capacity} buffers. */
  public IoVector(int capacity) {
    entries = NativeMemory.allocate((capacity + SPARE) * ENTRY_LENGTH);
    clear();
  }

  /** Forgets all buffers. */
  void clear() {
    first = SPARE;
    end = SPARE;
    bytes = 0;
  }

  /**
   * Adds a buffer at the end.
   *
   * @param hostAddress its process address
   * @param length bytes, above 0
   */
  void add(long hostAddress, long length) {
    set(end, hostAddress, length);
    end++;
    bytes += length;
  }

  /**
   * Adds a buffer at the front; there is room for one such buffer at least.
   *
   * @param hostAddress its process address
   * @param length bytes, above 0
   */
  public void prepend(long hostAddress, long length) {
    if (first == 0) {
      throw new IllegalStateException("there is no room at the front");
    }
    first--;
    set(first, hostAddress, length);
    bytes += length;
  }

  private void set(int index, long base, long length) {
    entries.putLong(index * ENTRY_LENGTH + BASE, base);
    entries.putLong(index * ENTRY_LENGTH + LENGTH, length);
  }

  private long base(int index) {
    return entries.getLong(index * ENTRY_LENGTH + BASE);
  }

  private long length(int index) {
    return entries.getLong(index * ENTRY_LENGTH + LENGTH);
  }

  /** Buffers that are left. */
  public int count() {
    return end - first;
  }

  /** Bytes in all of them. */
  public long bytes() {
    return bytes;
  }

  /** Process address of the first {@code struct iovec} that is left. */
  public long address() {
    return entries.addressOffset() + (long) first * ENTRY_LENGTH;
  }

  /** Process address of the first buffer; there must be one. */
  public long firstBase() {
    return base(first);
  }

  /** Bytes of the first buffer; there must be one. */
  public long firstLength() {
    return length(first);
  }

  /**
   * Writes the front of it to {@code target}, as readv(2) and writev(2) take it; nothing is taken
   * off.
   *
   * @param index entries of {@code target} that are left as they are
   * @param most bytes at most
   * @return entries that {@code target} has then
   */
  public int copyTo(UnsafeBuffer target, int index, long most) {
    long left = most;
    int at = index;
    for (int i = first; i < end && left > 0; i++) {
      long part = Math.min(left, length(i));
      target.putLong(at * ENTRY_LENGTH + BASE, base(i));
      target.putLong(at * ENTRY_LENGTH + LENGTH, part);
      left -= part;
      at++;
    }
    return at;
  }

  /** Whether each buffer begins and ends at a multiple of {@code unit}, a power of two. */
  public boolean isAligned(int unit) {
    long bits = 0;
    for (int i = first; i < end; i++) {
      bits |= base(i) | length(i);
    }
    return (bits & (unit - 1)) == 0;
  }

  /** Takes {@code count} bytes off the front, or all where there are fewer. */
  public void skip(long count) {
    long left = Math.min(count, bytes);
    bytes -= left;
    while (left > 0) {
      long length = length(first);
      if (left < length) {
        set(first, base(first) + left, length - left);
        return;
      }
      left -= length;
      first++;
    }
  }

  /** Takes bytes off the end, so that {@code count} are left, or all where there are fewer. */
  public void limit(long count) {
    while (bytes > count) {
      long length = length(end - 1);
      long surplus = bytes - count;
      if (surplus < length) {
        set(end - 1, base(end - 1), length - surplus);
        bytes = count;
        return;
      }
      end--;
      bytes -= length;
    }
  }

  /** Moves {@code count} bytes, or all where there are fewer, to {@code target}, which has none. */
  public void split(long count, IoVector target) {
    target.clear();
    while (target.bytes < count && bytes > 0) {
      long part = Math.min(count - target.bytes, length(first));
      target.add(base(first), part);
      skip(part);
    }
  }

  /**
   * Takes the last byte off the end.
   *
   * @return its process address
   * @throws IllegalStateException where there is none
   */
  public long takeLastByte() {
    if (bytes == 0) {
      throw new IllegalStateException("no byte is left");
    }
    long address = base(end - 1) + length(end - 1) - 1;
    limit(bytes - 1);
    return address;
  }

  /**
   * Copies bytes from the front and takes them off.
   *
   * @return how many: {@code length}, or all where there are fewer
   */
  public int read(MutableDirectBuffer target, int offset, int length) {
    int done = 0;
    while (done < length && bytes > 0) {
      int part = (int) Math.min(length - done, length(first));
      view.wrap(base(first), part);
      view.getBytes(0, target, offset + done, part);
      skip(part);
      done += part;
    }
    return done;
  }

  /**
   * Copies bytes to the front and takes them off.
   *
   * @return as {@link #read}
   */
  public int write(UnsafeBuffer source, int offset, int length) {
    int done = 0;
    while (done < length && bytes > 0) {
      int part = (int) Math.min(length - done, length(first));
      view.wrap(base(first), part);
      view.putBytes(0, source, offset + done, part);
      skip(part);
      done += part;
    }
    return done;
  }
}
