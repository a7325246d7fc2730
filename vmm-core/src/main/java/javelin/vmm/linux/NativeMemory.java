package javelin.vmm.linux;

import com.kenai.jffi.MemoryIO;
import java.nio.ByteBuffer;
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
    ByteBuffer memory = ByteBuffer.allocateDirect(length + alignment);
    long start = MemoryIO.getInstance().getDirectBufferAddress(memory);
    return new Owned(memory, (start + alignment - 1) & -alignment, length);
  }

  /**
   * By its address, not as a view of the direct buffer: Agrona's class for those makes up method
   * handles when it is first used, which costs a guest's launch more than the guest's memory does.
   */
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
