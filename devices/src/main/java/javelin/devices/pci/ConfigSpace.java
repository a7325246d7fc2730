package javelin.devices.pci;

/**
 * The bytes of a function's configuration space, 256 (PCI) or 4096 (PCI Express), each bit of which
 * is read-only, writable or cleared by writing 1 for the guest.
 *
 * <p>Numbers are little-endian and may lie at any offset. Its function's lock guards it.
 */
public final class ConfigSpace {
  /** Bytes of the two kinds. */
  public static final int PCI_LENGTH = 256;

  public static final int EXPRESS_LENGTH = 4096;

  private static final int EXTENDED_HEADER_LENGTH = 4;
  private static final int EXTENDED_NEXT_SHIFT = 20;
  private static final int EXTENDED_VERSION_SHIFT = 16;

  private final byte[] bytes;
  private final byte[] writable;
  private final byte[] clearedByOne;
  private byte[] atPowerOn;

  /** Where the next capability goes, and the pointer that is to lead to it. */
  private int capabilityEnd = PciRegisters.HEADER_LENGTH;

  private int capabilityLink = PciRegisters.CAPABILITIES;
  private int extendedEnd = PciRegisters.EXTENDED_START;
  private int extendedLast;

  /** All zeros and read-only. */
  public ConfigSpace(int length) {
    bytes = new byte[length];
    writable = new byte[length];
    clearedByOne = new byte[length];
    atPowerOn = bytes.clone();
  }

  /** 256 or 4096. */
  public int length() {
    return bytes.length;
  }

  /**
   * A read of {@code size} bytes, 1, 2 or 4, zero-extended. Beyond the end it gives zeros: a
   * conventional function on an express bus has no extended capability.
   */
  public long read(int offset, int size) {
    long value = 0;
    for (int i = 0; i < size && offset + i < bytes.length; i++) {
      value |= (bytes[offset + i] & 0xffL) << (8 * i);
    }
    return value;
  }

  /** The guest's write, under the masks. */
  public void write(int offset, int size, long value) {
    for (int i = 0; i < size && offset + i < bytes.length; i++) {
      int at = offset + i;
      int written = (int) (value >>> (8 * i)) & 0xff;
      int kept = bytes[at] & ~writable[at] & ~(written & clearedByOne[at]);
      bytes[at] = (byte) (kept | (written & writable[at]));
    }
  }

  /** The function's own write, past the masks. */
  public ConfigSpace set(int offset, int size, long value) {
    put(bytes, offset, size, value);
    return this;
  }

  /** Lets the guest write the bits of {@code mask}. */
  public ConfigSpace writable(int offset, int size, long mask) {
    put(writable, offset, size, mask);
    return this;
  }

  /** Lets the guest clear the bits of {@code mask} by writing 1 to them. */
  public ConfigSpace clearedByOne(int offset, int size, long mask) {
    put(clearedByOne, offset, size, mask);
    return this;
  }

  private static void put(byte[] target, int offset, int size, long value) {
    for (int i = 0; i < size; i++) {
      target[offset + i] = (byte) (value >>> (8 * i));
    }
  }

  /** Takes the present contents as those of power-on. */
  public void setPowerOn() {
    atPowerOn = bytes.clone();
  }

  /** Returns to the contents of power-on. */
  public void reset() {
    System.arraycopy(atPowerOn, 0, bytes, 0, bytes.length);
  }

  /**
   * Adds a capability at the end of the list (PCI Local Bus 3.0, 6.7).
   *
   * @param length bytes, with the two of its header
   * @return its offset, a multiple of 4
   * @throws IllegalArgumentException where the first 256 bytes have no more room
   */
  public int addCapability(int id, int length) {
    int offset = capabilityEnd;
    capabilityEnd = room("capability", id, offset, length, PCI_LENGTH);
    set(capabilityLink, 1, offset);
    set(offset, 1, id);
    capabilityLink = offset + 1;
    set(PciRegisters.STATUS, 1, read(PciRegisters.STATUS, 1) | PciRegisters.STATUS_CAPABILITIES);
    return offset;
  }

  /**
   * Adds an extended capability (PCI Express Base 6.0, 7.6.3).
   *
   * @param length bytes, with the four of its header
   * @return its offset, a multiple of 4
   * @throws IllegalArgumentException where the space has no more room
   */
  public int addExtendedCapability(int id, int version, int length) {
    int offset = extendedEnd;
    extendedEnd = room("extended capability", id, offset, length, bytes.length);
    set(offset, EXTENDED_HEADER_LENGTH, id | (long) version << EXTENDED_VERSION_SHIFT);
    if (extendedLast != 0) {
      long header = read(extendedLast, EXTENDED_HEADER_LENGTH);
      set(extendedLast, EXTENDED_HEADER_LENGTH, header | (long) offset << EXTENDED_NEXT_SHIFT);
    }
    extendedLast = offset;
    return offset;
  }

  private static int room(String kind, int id, int offset, int length, int end) {
    int next = (offset + length + 3) & ~3;
    if (length <= 0 || next > end) {
      throw new IllegalArgumentException(
          String.format("no room for %s 0x%x, %d bytes at 0x%x", kind, id, length, offset));
    }
    return next;
  }
}
