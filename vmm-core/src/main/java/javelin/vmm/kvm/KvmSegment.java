package javelin.vmm.kvm;

/**
 * The contents of {@code struct kvm_segment} (uapi asm/kvm.h, 24 bytes): a segment register with
 * its hidden part.
 *
 * <pre>
 *   0 base u64 | 8 limit u32 | 12 selector u16 | 14 type u8 | 15 present u8 | 16 dpl u8
 *   17 db u8 | 18 s u8 | 19 l u8 | 20 g u8 | 21 avl u8 | 22 unusable u8 | 23 padding
 * </pre>
 *
 * @param base linear address of its first byte
 * @param limit last valid offset, in bytes
 * @param selector the visible part
 * @param type descriptor type, 4 bits
 * @param present P
 * @param dpl privilege level, 0 to 3
 * @param db default size 32 bit
 * @param s code or data, not system
 * @param l 64-bit code
 * @param g limit in pages
 * @param unusable nothing loaded
 */
public record KvmSegment(
    long base,
    int limit,
    int selector,
    int type,
    boolean present,
    int dpl,
    boolean db,
    boolean s,
    boolean l,
    boolean g,
    boolean unusable) {

  /** Bytes of the struct. */
  public static final int LENGTH = 24;

  private static final int CODE_EXECUTE_READ_ACCESSED = 0xb;
  private static final int DATA_READ_WRITE_ACCESSED = 0x3;
  private static final int TSS_BUSY = 0xb;

  /** A flat code segment of ring 0: 64-bit, or 32-bit with a limit of 4 GiB. */
  public static KvmSegment flatCode(int selector, boolean is64Bit) {
    return new KvmSegment(
        0, -1, selector, CODE_EXECUTE_READ_ACCESSED, true, 0, !is64Bit, true, is64Bit, true, false);
  }

  /** A flat data segment of ring 0 with a limit of 4 GiB. */
  public static KvmSegment flatData(int selector) {
    return new KvmSegment(
        0, -1, selector, DATA_READ_WRITE_ACCESSED, true, 0, true, true, false, true, false);
  }

  /** A busy task-state segment of 0x67 bytes limit at 0, which VMX wants in TR. */
  public static KvmSegment tss(int selector) {
    return new KvmSegment(0, 0x67, selector, TSS_BUSY, true, 0, false, false, false, false, false);
  }
}
