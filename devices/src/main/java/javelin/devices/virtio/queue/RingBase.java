package javelin.devices.virtio.queue;

import javelin.vmm.memory.GuestMemory;
import org.agrona.concurrent.UnsafeBuffer;

/**
 * What the layouts of rings have in common: each buffer and each indirect table is checked before
 * it is used, and what is wrong breaks the queue.
 */
abstract class RingBase implements Virtqueue {
  /** The largest queue of the specification. */
  static final int MAX_SIZE = 32768;

  /** A descriptor: le64 address, le32 length, and four bytes that depend on the layout. */
  static final int DESCRIPTOR_LENGTH = 16;

  static final int DESCRIPTOR_SIZE = 8;
  static final int FLAG_NEXT = 1;
  static final int FLAG_WRITE = 2;
  static final int FLAG_INDIRECT = 4;
  static final int DESCRIPTOR_ALIGNMENT = 16;

  static final long MAX_U32 = 0xffff_ffffL;

  /** The indirect table that was opened last. */
  final UnsafeBuffer indirect = new UnsafeBuffer(0, 0);

  private final GuestMemory memory;
  private final int size;
  private final boolean hasIndirect;
  private String problem;

  /**
   * A queue of {@code size} descriptors.
   *
   * @param hasIndirect whether VIRTIO_F_INDIRECT_DESC was negotiated
   */
  RingBase(GuestMemory memory, int size, boolean hasIndirect) {
    this.memory = memory;
    this.size = size;
    this.hasIndirect = hasIndirect;
  }

  /** A part of a ring; null where it is not aligned, or not in RAM. */
  static UnsafeBuffer part(GuestMemory memory, long address, int length, int alignment) {
    long host = address % alignment == 0 ? memory.hostAddressOrZero(address, length) : 0;
    return host == 0 ? null : new UnsafeBuffer(host, length);
  }

  @Override
  public final int size() {
    return size;
  }

  /** Opens the table of an indirect descriptor; returns whether it may have one. */
  final boolean openTable(long address, long length, int flags) {
    if (!hasIndirect) {
      fail("an indirect descriptor without the feature");
    } else if ((flags & FLAG_NEXT) != 0) {
      fail("a chain goes on behind an indirect descriptor");
    } else if (length == 0 || length % DESCRIPTOR_LENGTH != 0) {
      fail("an indirect table of " + length + " bytes");
    } else if (length / DESCRIPTOR_LENGTH > size) {
      fail("an indirect table is longer than the queue, " + size);
    } else {
      long host = memory.hostAddressOrZero(address, length);
      if (host == 0) {
        fail("an indirect table is outside RAM");
        return false;
      }
      indirect.wrap(host, (int) length);
      return true;
    }
    return false;
  }

  /** Breaks the queue, as a table's descriptor names another table. */
  final void failTableInTable() {
    fail("an indirect descriptor in an indirect table");
  }

  /** Adds a buffer to {@code chain}; returns whether it may be there. */
  final boolean add(DescriptorChain chain, long address, long length, boolean isWritable) {
    if (chain.readable().count() + chain.writable().count() == size) {
      fail("a chain is longer than the queue, " + size);
      return false;
    }
    long host = memory.hostAddressOrZero(address, length);
    if (length == 0) {
      fail("a buffer of length 0");
    } else if (host == 0) {
      fail("a buffer is outside RAM");
    } else if (isWritable) {
      chain.writable().add(host, length);
      return true;
    } else if (chain.writable().count() > 0) {
      fail("a readable buffer behind a writable one");
    } else {
      chain.readable().add(host, length);
      return true;
    }
    return false;
  }

  @Override
  public final void fail(String reason) {
    if (problem == null) {
      problem = reason;
    }
  }

  @Override
  public final String problem() {
    return problem;
  }
}
