package javelin.vmm.linux;

import com.kenai.jffi.MemoryIO;
import java.lang.ref.Reference;
import java.nio.ByteBuffer;
import java.util.Objects;
import org.agrona.DirectBuffer;
import org.agrona.concurrent.UnsafeBuffer;

/**
 * Off-heap buffers whose address can be handed to the kernel, and copies between them and arrays.
 *
 * <p>Buffers are made by their address, not as views of direct buffers, and arrays are copied by
 * jffi: what Agrona has for both makes up method handles when it is first used, on JDK 25, which
 * costs a guest's launch more than all of its memory does.
 */
public final class NativeMemory {
  private static final int ALIGNMENT = 64;
  private static final MemoryIO MEMORY = MemoryIO.getInstance();

  /**
   * A zeroed buffer of {@code length} bytes at a 64-byte boundary. It lives as long as the returned
   * object; {@link UnsafeBuffer#addressOffset()} is its process address.
   */
  public static UnsafeBuffer allocate(int length) {
    return allocate(length, ALIGNMENT);
  }

  /** As above, at a boundary of {@code alignment} bytes, a power of two. */
  public static UnsafeBuffer allocate(int length, int alignment) {
    ByteBuffer memory = ByteBuffer.allocateDirect(length + alignment);
    long start = MEMORY.getDirectBufferAddress(memory);
    return new Owned(memory, (start + alignment - 1) & -alignment, length);
  }

  /**
   * Copies {@code length} bytes of {@code from} into a buffer that is off-heap.
   *
   * @throws IndexOutOfBoundsException where one of them is shorter than that
   */
  public static void put(DirectBuffer to, int index, byte[] from, int offset, int length) {
    to.boundsCheck(index, length);
    try {
      MEMORY.putByteArray(to.addressOffset() + index, from, check(from, offset, length), length);
    } finally {
      Reference.reachabilityFence(to);
    }
  }

  /**
   * Copies {@code length} bytes out of a buffer that is off-heap.
   *
   * @throws IndexOutOfBoundsException where one of them is shorter than that
   */
  public static void get(DirectBuffer from, int index, byte[] to, int offset, int length) {
    from.boundsCheck(index, length);
    try {
      MEMORY.getByteArray(from.addressOffset() + index, to, check(to, offset, length), length);
    } finally {
      Reference.reachabilityFence(from);
    }
  }

  private static int check(byte[] array, int offset, int length) {
    return Objects.checkFromIndexSize(offset, length, array.length);
  }

  private static final class Owned extends UnsafeBuffer {
    /** Frees the memory when it is collected. */
    @SuppressWarnings("unused")
    private final ByteBuffer memory;

    Owned(ByteBuffer memory, long address, int length) {
      super(address, length);
      this.memory = memory;
    }
  }

  private NativeMemory() {}
}
