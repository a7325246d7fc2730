package javelin.vmm.linux;

import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import org.agrona.BufferUtil;
import org.agrona.concurrent.UnsafeBuffer;

/** Off-heap buffers whose address can be handed to the kernel. */
public final class NativeMemory {
  private static final int ALIGNMENT = 64;

  /**
   * A zeroed buffer of {@code length} bytes at a 64-byte boundary. It lives as long as the returned
   * object; {@link UnsafeBuffer#addressOffset()} is its process address.
   */
  public static UnsafeBuffer allocate(int length) {
    return allocate(length, ALIGNMENT);
  }

  /** As above, at a boundary of {@code alignment} bytes, a power of two. */
  public static UnsafeBuffer allocate(int length, int alignment) {
    ByteBuffer memory = BufferUtil.allocateDirectAligned(length, alignment);
    memory.order(ByteOrder.LITTLE_ENDIAN);
    return new UnsafeBuffer(memory);
  }

  private NativeMemory() {}
}
