package javelin.passthrough.vfio;

import java.util.OptionalInt;
import javelin.vmm.linux.Fd;
import javelin.vmm.linux.NativeMemory;
import org.agrona.concurrent.UnsafeBuffer;

/**
 * An answer of VFIO that may be longer than its struct: a chain of capabilities follows it. It is
 * asked for twice where it is, and the second answer counts, flags included (a device may give
 * other flags to a caller that leaves room for capabilities).
 */
public final class VfioInfo {
  private static final int MOST_CAPABILITIES = 64;
  private static final int LONGEST = 1 << 20;

  private final UnsafeBuffer buffer;
  private final int capabilityOffset;

  /**
   * An answer that is there.
   *
   * @param buffer just the answer; it stays the caller's
   * @param capabilityOffset where the struct keeps the offset of the first capability
   */
  public VfioInfo(UnsafeBuffer buffer, int capabilityOffset) {
    this.buffer = buffer;
    this.capabilityOffset = capabilityOffset;
  }

  /**
   * Asks {@code fd}.
   *
   * @param length bytes of the struct without capabilities
   * @param capabilityOffset where the struct keeps the offset of the first capability
   * @param index what is asked for, put behind the flags; negative where the request has none
   */
  static VfioInfo ask(
      Fd fd, String name, long request, int length, int capabilityOffset, int index) {
    UnsafeBuffer buffer = askOnce(fd, name, request, length, index);
    int needed = buffer.getInt(VfioStructs.ARGSZ);
    if (needed > length && needed <= LONGEST) {
      buffer = askOnce(fd, name, request, needed, index);
    }
    return new VfioInfo(buffer, capabilityOffset);
  }

  private static UnsafeBuffer askOnce(Fd fd, String name, long request, int length, int index) {
    UnsafeBuffer buffer = NativeMemory.allocate(length);
    buffer.putInt(VfioStructs.ARGSZ, length);
    if (index >= 0) {
      buffer.putInt(2 * Integer.BYTES, index);
    }
    fd.ioctl(name, request, buffer.addressOffset());
    return buffer;
  }

  /** The struct's flags. */
  public int flags() {
    return buffer.getInt(VfioStructs.FLAGS);
  }

  /** 32 bits of it. */
  public int getInt(int offset) {
    return buffer.getInt(offset);
  }

  /** 64 bits of it. */
  public long getLong(int offset) {
    return buffer.getLong(offset);
  }

  /**
   * The offset of a capability's body, behind its header.
   *
   * @param length bytes of body that must be there
   */
  public OptionalInt capability(int id, int length) {
    int offset = buffer.getInt(capabilityOffset);
    for (int i = 0; i < MOST_CAPABILITIES && fits(offset, 0); i++) {
      if ((buffer.getShort(offset) & 0xffff) == id) {
        return fits(offset, length)
            ? OptionalInt.of(offset + VfioStructs.CAPABILITY_HEADER_LENGTH)
            : OptionalInt.empty();
      }
      offset = buffer.getInt(offset + Integer.BYTES);
    }
    return OptionalInt.empty();
  }

  /** Bytes that the answer has from {@code offset} on. */
  public int left(int offset) {
    return buffer.capacity() - offset;
  }

  private boolean fits(int offset, int length) {
    return offset > 0
        && offset <= buffer.capacity() - VfioStructs.CAPABILITY_HEADER_LENGTH - length;
  }
}
