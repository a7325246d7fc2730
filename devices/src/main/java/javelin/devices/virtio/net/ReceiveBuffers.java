package javelin.devices.virtio.net;

import javelin.devices.virtio.queue.DescriptorChain;
import javelin.devices.virtio.queue.Virtqueue;
import javelin.vmm.linux.NativeMemory;
import org.agrona.concurrent.UnsafeBuffer;

/**
 * The driver's buffers for the next packets: chains in the order in which they were made available,
 * and all their parts in a row as {@code struct iovec} (uapi linux/uio.h), so that one readv(2)
 * fills as many chains as a packet needs. Nothing of it allocates.
 *
 * <p>Every part was inside guest RAM when it was added. For one thread at a time.
 */
final class ReceiveBuffers {
  /** The most parts that readv(2) takes (uapi linux/uio.h, UIO_MAXIOV). */
  private static final int MAX_PARTS = 1024;

  private static final int PART_LENGTH = 16;
  private static final int PART_SIZE = 8;

  private final int queueSize;
  private final UnsafeBuffer parts = NativeMemory.allocate(2 * MAX_PARTS * PART_LENGTH);
  private final UnsafeBuffer view = new UnsafeBuffer(0, 0);

  /** Of each chain, in a ring. */
  private final int[] heads;

  private final long[] lengths;
  private final int[] counts;
  private int firstChain;
  private int chains;
  private int first;
  private int end;
  private long bytes;

  /** No buffers yet, of a queue of up to {@code queueSize} entries, a power of two. */
  ReceiveBuffers(int queueSize) {
    this.queueSize = queueSize;
    heads = new int[queueSize];
    lengths = new long[queueSize];
    counts = new int[queueSize];
  }

  /** Forgets all buffers. */
  void clear() {
    chains = 0;
    first = 0;
    end = 0;
    bytes = 0;
  }

  /** Chains. */
  int chains() {
    return chains;
  }

  /** Bytes in all of them. */
  long bytes() {
    return bytes;
  }

  /** Parts of all of them. */
  int parts() {
    return end - first;
  }

  /** Whether there is room for any chain that the queue can have, and a tail. */
  boolean hasRoom() {
    return chains < queueSize && parts() + queueSize < MAX_PARTS;
  }

  /** Adds the writable buffers of a chain; there must be room. */
  void add(DescriptorChain chain) {
    int count = chain.writable().count();
    if (end + count >= 2 * MAX_PARTS) {
      parts.putBytes(0, parts, first * PART_LENGTH, parts() * PART_LENGTH);
      end -= first;
      first = 0;
    }
    view.wrap(chain.writable().address(), count * PART_LENGTH);
    parts.putBytes(end * PART_LENGTH, view, 0, count * PART_LENGTH);
    end += count;
    int slot = firstChain + chains & queueSize - 1;
    heads[slot] = chain.head();
    lengths[slot] = chain.writable().bytes();
    counts[slot] = count;
    chains++;
    bytes += lengths[slot];
  }

  /** Process address of the first {@code struct iovec}. */
  long address() {
    return parts.addressOffset() + (long) first * PART_LENGTH;
  }

  /** Has a buffer of the caller's follow the last part, for one call; it counts nowhere. */
  void tail(long address, long length) {
    set(parts, end, address, length);
  }

  private static void set(UnsafeBuffer target, int index, long address, long length) {
    target.putLong(index * PART_LENGTH, address);
    target.putLong(index * PART_LENGTH + PART_SIZE, length);
  }

  /**
   * Writes {@code struct iovec}s of a range of the bytes.
   *
   * @param target room for all parts
   * @return how many
   */
  int slice(UnsafeBuffer target, long from, long length) {
    long skip = from;
    long left = length;
    int count = 0;
    for (int i = first; i < end && left > 0; i++) {
      long size = parts.getLong(i * PART_LENGTH + PART_SIZE);
      if (skip >= size) {
        skip -= size;
        continue;
      }
      long part = Math.min(size - skip, left);
      set(target, count++, parts.getLong(i * PART_LENGTH) + skip, part);
      skip = 0;
      left -= part;
    }
    return count;
  }

  /** Copies bytes of {@code source} to the place {@code at}. */
  void write(long at, UnsafeBuffer source, int offset, int length) {
    long skip = at;
    int done = 0;
    for (int i = first; i < end && done < length; i++) {
      long size = parts.getLong(i * PART_LENGTH + PART_SIZE);
      if (skip >= size) {
        skip -= size;
        continue;
      }
      int part = (int) Math.min(size - skip, length - done);
      view.wrap(parts.getLong(i * PART_LENGTH) + skip, part);
      view.putBytes(0, source, offset + done, part);
      skip = 0;
      done += part;
    }
  }

  /**
   * Hands the first {@code length} bytes to the driver as a packet, with the chains that they are
   * in.
   *
   * @param scratch 2 bytes, for the header's number of buffers
   */
  void complete(long length, Virtqueue queue, UnsafeBuffer scratch) {
    int used = 0;
    for (long covered = 0; covered < length; used++) {
      covered += lengths[firstChain + used & queueSize - 1];
    }
    scratch.putShort(0, (short) used);
    write(NetHeader.NUM_BUFFERS, scratch, 0, Short.BYTES);
    long left = length;
    for (; used > 0; used--) {
      int slot = firstChain;
      queue.complete(heads[slot], Math.min(left, lengths[slot]));
      left -= lengths[slot];
      bytes -= lengths[slot];
      first += counts[slot];
      firstChain = slot + 1 & queueSize - 1;
      chains--;
    }
  }
}
