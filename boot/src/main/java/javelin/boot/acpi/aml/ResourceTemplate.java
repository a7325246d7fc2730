package javelin.boot.acpi.aml;

/**
 * The resource descriptors of a {@code _CRS} buffer (ACPI 6.5, 6.4), in the order added.
 *
 * <p>Ports, memory and interrupts of a device that uses them itself are {@link #io}, {@link
 * #memory} and {@link #isaIrq}; the ranges that a bridge forwards to the devices behind it are the
 * {@code ...Window}s. All ranges are fixed at both ends and decoded positively.
 */
public final class ResourceTemplate {
  private static final int SMALL_IRQ_NO_FLAGS = 0x22;
  private static final int SMALL_IO = 0x47;
  private static final int SMALL_END_TAG = 0x79;
  private static final int LARGE_MEMORY32_FIXED = 0x86;
  private static final int LARGE_DWORD_ADDRESS = 0x87;
  private static final int LARGE_WORD_ADDRESS = 0x88;
  private static final int LARGE_QWORD_ADDRESS = 0x8A;

  private static final int TYPE_MEMORY = 0;
  private static final int TYPE_IO = 1;
  private static final int TYPE_BUS = 2;

  /**
   * Bit 0 set: the device consumes the range itself; bits 2 and 3: both ends are fixed (6.4.3.5).
   */
  private static final int PRODUCER = 0b1100;

  private static final int CONSUMER = 0b1101;

  /** Read-write, not cacheable (6.4.3.5.5): a prefetchable window would refuse other BARs. */
  private static final int MEMORY_FLAGS = 0b001;

  /** ISA and non-ISA addresses, dense translation (6.4.3.5.5). */
  private static final int IO_FLAGS = 0b011;

  private static final long MAX_U32 = 0xFFFF_FFFFL;

  private final ByteWriter out = new ByteWriter();

  /** The device uses an ISA interrupt 0..15: edge-triggered, active high, not shared (6.4.2.1). */
  public ResourceTemplate isaIrq(int irq) {
    if (irq < 0 || irq > 15) {
      throw new IllegalArgumentException("IRQ " + irq + " is no ISA interrupt (0..15)");
    }
    out.u8(SMALL_IRQ_NO_FLAGS).u16(1 << irq);
    return this;
  }

  /** The device uses {@code count} ports from {@code port}, with 16-bit decoding (6.4.2.5). */
  public ResourceTemplate io(int port, int count) {
    out.u8(SMALL_IO).u8(1).u16(port).u16(port).u8(1).u8(count);
    return this;
  }

  /** The device uses the memory {@code first..last} (6.4.3.4, or 6.4.3.5.1 beyond 4 GiB). */
  public ResourceTemplate memory(long first, long last) {
    if (last <= MAX_U32 && first >= 0) {
      out.u8(LARGE_MEMORY32_FIXED).u16(9).u8(1).u32(first).u32(last - first + 1);
      return this;
    }
    return qword(CONSUMER, first, last);
  }

  /** The buses {@code first..last} are behind this bridge (6.4.3.5.3). */
  public ResourceTemplate busWindow(int first, int last) {
    return word(TYPE_BUS, 0, first, last);
  }

  /** The bridge forwards the ports {@code first..last} (6.4.3.5.3). */
  public ResourceTemplate ioWindow(int first, int last) {
    return word(TYPE_IO, IO_FLAGS, first, last);
  }

  /** The bridge forwards the memory {@code first..last} below 4 GiB (6.4.3.5.2). */
  public ResourceTemplate memoryWindow32(long first, long last) {
    addressHead(LARGE_DWORD_ADDRESS, 23, TYPE_MEMORY, PRODUCER, MEMORY_FLAGS);
    out.u32(0).u32(first).u32(last).u32(0).u32(last - first + 1);
    return this;
  }

  /** The bridge forwards the memory {@code first..last}, anywhere (6.4.3.5.1). */
  public ResourceTemplate memoryWindow64(long first, long last) {
    return qword(PRODUCER, first, last);
  }

  /** Returns the buffer that {@code _CRS} names, ended by its end tag (6.4.2.9). */
  public Term toTerm() {
    // A checksum of zero means that there is none to check.
    return Aml.buffer(
        new ByteWriter().bytes(out.toByteArray()).u8(SMALL_END_TAG).u8(0).toByteArray());
  }

  private ResourceTemplate word(int type, int typeFlags, int first, int last) {
    addressHead(LARGE_WORD_ADDRESS, 13, type, PRODUCER, typeFlags);
    out.u16(0).u16(first).u16(last).u16(0).u16(last - first + 1);
    return this;
  }

  private ResourceTemplate qword(int generalFlags, long first, long last) {
    addressHead(LARGE_QWORD_ADDRESS, 43, TYPE_MEMORY, generalFlags, MEMORY_FLAGS);
    out.u64(0).u64(first).u64(last).u64(0).u64(last - first + 1);
    return this;
  }

  private void addressHead(int tag, int length, int type, int generalFlags, int typeFlags) {
    out.u8(tag).u16(length).u8(type).u8(generalFlags).u8(typeFlags);
  }
}
