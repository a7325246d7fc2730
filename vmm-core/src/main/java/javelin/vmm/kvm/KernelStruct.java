package javelin.vmm.kvm;

import javelin.vmm.linux.NativeMemory;
import org.agrona.concurrent.UnsafeBuffer;

/** A kernel struct as a class over off-heap bytes; subclasses name the fields' offsets. */
public abstract class KernelStruct {
  private final UnsafeBuffer buffer;

  /** A zeroed struct of {@code length} bytes in memory of its own. */
  protected KernelStruct(int length) {
    buffer = NativeMemory.allocate(length);
  }

  /** A struct of {@code length} bytes that the kernel shares at process address {@code address}. */
  protected KernelStruct(long address, int length) {
    buffer = new UnsafeBuffer(address, length);
  }

  /** Its bytes. */
  protected final UnsafeBuffer buffer() {
    return buffer;
  }

  /** Its process address, for the ioctl. */
  public final long address() {
    return buffer.addressOffset();
  }
}
