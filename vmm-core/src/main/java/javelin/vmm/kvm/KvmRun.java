package javelin.vmm.kvm;

import java.util.List;
import java.util.stream.IntStream;

/**
 * {@code struct kvm_run} (uapi linux/kvm.h), shared with the kernel: why a vCPU left the guest, and
 * the data of that exit.
 *
 * <pre>
 *    0 request_interrupt_window u8 | 1 immediate_exit u8 | 8 exit_reason u32 | 12 ready u8 | 13 if u8
 *   14 flags u16 | 16 cr8 u64 | 24 apic_base u64 | 32 union of the exits:
 *   io:             32 direction u8 | 33 size u8 | 34 port u16 | 36 count u32 | 40 data_offset u64
 *   mmio:           32 phys_addr u64 | 40 data u8[8] | 48 len u32 | 52 is_write u8
 *   fail_entry:     32 hardware_entry_failure_reason u64 | 40 cpu u32
 *   internal:       32 suberror u32 | 36 ndata u32 | 40 data u64[16]
 *   system_event:   32 type u32 | 36 ndata u32 | 40 data u64[16]
 *   debug:          32 exception u32 | 40 pc u64 | 48 dr6 u64 | 56 dr7 u64
 * </pre>
 */
public final class KvmRun extends KernelStruct {
  /** Values of exit_reason that Javelin acts on. */
  public static final int EXIT_UNKNOWN = 0;

  public static final int EXIT_IO = 2;
  public static final int EXIT_DEBUG = 4;
  public static final int EXIT_HLT = 5;
  public static final int EXIT_MMIO = 6;
  public static final int EXIT_IRQ_WINDOW_OPEN = 7;
  public static final int EXIT_SHUTDOWN = 8;
  public static final int EXIT_FAIL_ENTRY = 9;
  public static final int EXIT_INTR = 10;
  public static final int EXIT_INTERNAL_ERROR = 17;
  public static final int EXIT_SYSTEM_EVENT = 24;

  /** io.direction of an {@code out}. */
  public static final int IO_OUT = 1;

  private static final int IMMEDIATE_EXIT_OFFSET = 1;
  private static final int EXIT_REASON_OFFSET = 8;
  private static final int IO_DIRECTION_OFFSET = 32;
  private static final int IO_SIZE_OFFSET = 33;
  private static final int IO_PORT_OFFSET = 34;
  private static final int IO_COUNT_OFFSET = 36;
  private static final int IO_DATA_OFFSET_OFFSET = 40;
  private static final int MMIO_ADDRESS_OFFSET = 32;
  private static final int MMIO_DATA_OFFSET = 40;
  private static final int MMIO_LENGTH_OFFSET = 48;
  private static final int MMIO_IS_WRITE_OFFSET = 52;
  private static final int DETAIL_OFFSET = 32;
  private static final int DETAIL_COUNT_OFFSET = 36;
  private static final int DETAIL_DATA_OFFSET = 40;
  private static final int DETAIL_DATA_MAX = 16;

  KvmRun(long address, int length) {
    super(address, length);
  }

  /** Makes the next KVM_RUN return at once with EINTR, or takes that back. Any thread may call. */
  public void immediateExit(boolean exit) {
    buffer().putByteVolatile(IMMEDIATE_EXIT_OFFSET, (byte) (exit ? 1 : 0));
  }

  /** Why the vCPU left the guest. */
  public int exitReason() {
    return buffer().getInt(EXIT_REASON_OFFSET);
  }

  /** Whether the I/O exit is an {@code out}. */
  public boolean ioIsOut() {
    return buffer().getByte(IO_DIRECTION_OFFSET) == IO_OUT;
  }

  /** Bytes of each I/O access: 1, 2 or 4. */
  public int ioSize() {
    return buffer().getByte(IO_SIZE_OFFSET);
  }

  /** The I/O port. */
  public int ioPort() {
    return buffer().getShort(IO_PORT_OFFSET) & 0xffff;
  }

  /** How many accesses the exit stands for; above 1 for string instructions. */
  public int ioCount() {
    return buffer().getInt(IO_COUNT_OFFSET);
  }

  /** Where the I/O data starts: an index for {@link #ioData(int, int)}. */
  public int ioDataOffset() {
    return (int) buffer().getLong(IO_DATA_OFFSET_OFFSET);
  }

  /** The datum at {@code index} that the guest wrote, zero-extended. */
  public long ioData(int index, int size) {
    return getValue(index, size);
  }

  /** Sets the datum at {@code index} that the guest reads. */
  public void ioData(int index, int size, long value) {
    putValue(index, size, value);
  }

  /** Guest-physical address of the MMIO exit. */
  public long mmioAddress() {
    return buffer().getLong(MMIO_ADDRESS_OFFSET);
  }

  /** Bytes of the MMIO access, 1 to 8. */
  public int mmioLength() {
    return buffer().getInt(MMIO_LENGTH_OFFSET);
  }

  /** Whether the MMIO exit is a write. */
  public boolean mmioIsWrite() {
    return buffer().getByte(MMIO_IS_WRITE_OFFSET) != 0;
  }

  /** The value that the guest wrote, zero-extended from {@code size} bytes. */
  public long mmioData(int size) {
    return getValue(MMIO_DATA_OFFSET, size);
  }

  /** Sets the value that the guest reads. */
  public void mmioData(int size, long value) {
    putValue(MMIO_DATA_OFFSET, size, value);
  }

  /** internal.suberror, or system_event.type. */
  public int detail() {
    return buffer().getInt(DETAIL_OFFSET);
  }

  /** fail_entry.hardware_entry_failure_reason. */
  public long failureReason() {
    return buffer().getLong(DETAIL_OFFSET);
  }

  /** The data words of an internal error or a system event, in memory of their own. */
  public List<Long> detailData() {
    int count = Math.min(Math.max(buffer().getInt(DETAIL_COUNT_OFFSET), 0), DETAIL_DATA_MAX);
    return IntStream.range(0, count)
        .mapToObj(i -> buffer().getLong(DETAIL_DATA_OFFSET + i * Long.BYTES))
        .toList();
  }

  private long getValue(int index, int size) {
    return switch (size) {
      case 1 -> buffer().getByte(index) & 0xffL;
      case 2 -> buffer().getShort(index) & 0xffffL;
      case 4 -> Integer.toUnsignedLong(buffer().getInt(index));
      case 8 -> buffer().getLong(index);
      default -> getBytes(index, size);
    };
  }

  private void putValue(int index, int size, long value) {
    switch (size) {
      case 1 -> buffer().putByte(index, (byte) value);
      case 2 -> buffer().putShort(index, (short) value);
      case 4 -> buffer().putInt(index, (int) value);
      case 8 -> buffer().putLong(index, value);
      default -> putBytes(index, size, value);
    }
  }

  /** Odd sizes: the part of an MMIO access that crosses a page comes as 3, 5, 6 or 7 bytes. */
  private long getBytes(int index, int size) {
    long value = 0;
    for (int i = 0; i < size; i++) {
      value |= (buffer().getByte(index + i) & 0xffL) << (8 * i);
    }
    return value;
  }

  private void putBytes(int index, int size, long value) {
    for (int i = 0; i < size; i++) {
      buffer().putByte(index + i, (byte) (value >>> (8 * i)));
    }
  }
}
