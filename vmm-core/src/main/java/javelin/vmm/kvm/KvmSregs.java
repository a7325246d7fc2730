package javelin.vmm.kvm;

import org.agrona.concurrent.UnsafeBuffer;

/**
 * {@code struct kvm_sregs} (uapi asm/kvm.h, 312 bytes): segment, descriptor-table and control
 * registers.
 *
 * <pre>
 *     0 cs | 24 ds | 48 es | 72 fs | 96 gs | 120 ss | 144 tr | 168 ldt   (24 bytes each)
 *   192 gdt | 208 idt            (base u64, limit u16, 6 bytes padding)
 *   224 cr0 | 232 cr2 | 240 cr3 | 248 cr4 | 256 cr8 | 264 efer | 272 apic_base   (u64)
 *   280 interrupt_bitmap         (4 * u64)
 * </pre>
 */
public final class KvmSregs extends KernelStruct {
  /** Segment registers in the struct's order. */
  public enum Segment {
    CS,
    DS,
    ES,
    FS,
    GS,
    SS,
    TR,
    LDT
  }

  /** Bytes of the struct. */
  public static final int LENGTH = 312;

  private static final int GDT_OFFSET = 192;
  private static final int IDT_OFFSET = 208;
  private static final int TABLE_LIMIT_OFFSET = 8;
  private static final int CR0_OFFSET = 224;
  private static final int CR2_OFFSET = 232;
  private static final int CR3_OFFSET = 240;
  private static final int CR4_OFFSET = 248;
  private static final int CR8_OFFSET = 256;
  private static final int EFER_OFFSET = 264;
  private static final int APIC_BASE_OFFSET = 272;

  /** All bytes 0. */
  public KvmSregs() {
    super(LENGTH);
  }

  /** A segment register. */
  public KvmSegment segment(Segment segment) {
    UnsafeBuffer b = buffer();
    int at = segment.ordinal() * KvmSegment.LENGTH;
    return new KvmSegment(
        b.getLong(at),
        b.getInt(at + 8),
        b.getShort(at + 12) & 0xffff,
        b.getByte(at + 14) & 0xff,
        b.getByte(at + 15) != 0,
        b.getByte(at + 16) & 0xff,
        b.getByte(at + 17) != 0,
        b.getByte(at + 18) != 0,
        b.getByte(at + 19) != 0,
        b.getByte(at + 20) != 0,
        b.getByte(at + 22) != 0);
  }

  /** Sets a segment register. */
  public KvmSregs segment(Segment segment, KvmSegment value) {
    UnsafeBuffer b = buffer();
    int at = segment.ordinal() * KvmSegment.LENGTH;
    b.putLong(at, value.base());
    b.putInt(at + 8, value.limit());
    b.putShort(at + 12, (short) value.selector());
    b.putByte(at + 14, (byte) value.type());
    b.putByte(at + 15, bit(value.present()));
    b.putByte(at + 16, (byte) value.dpl());
    b.putByte(at + 17, bit(value.db()));
    b.putByte(at + 18, bit(value.s()));
    b.putByte(at + 19, bit(value.l()));
    b.putByte(at + 20, bit(value.g()));
    b.putByte(at + 21, (byte) 0);
    b.putByte(at + 22, bit(value.unusable()));
    return this;
  }

  private static byte bit(boolean value) {
    return (byte) (value ? 1 : 0);
  }

  /** Linear address of the GDT. */
  public long gdtBase() {
    return buffer().getLong(GDT_OFFSET);
  }

  /** Last valid offset in the GDT. */
  public int gdtLimit() {
    return buffer().getShort(GDT_OFFSET + TABLE_LIMIT_OFFSET) & 0xffff;
  }

  /** Sets GDTR. */
  public KvmSregs gdt(long base, int limit) {
    return table(GDT_OFFSET, base, limit);
  }

  /** Linear address of the IDT. */
  public long idtBase() {
    return buffer().getLong(IDT_OFFSET);
  }

  /** Last valid offset in the IDT. */
  public int idtLimit() {
    return buffer().getShort(IDT_OFFSET + TABLE_LIMIT_OFFSET) & 0xffff;
  }

  /** Sets IDTR. */
  public KvmSregs idt(long base, int limit) {
    return table(IDT_OFFSET, base, limit);
  }

  private KvmSregs table(int offset, long base, int limit) {
    buffer().putLong(offset, base);
    buffer().putShort(offset + TABLE_LIMIT_OFFSET, (short) limit);
    return this;
  }

  /** CR0. */
  public long cr0() {
    return buffer().getLong(CR0_OFFSET);
  }

  /** Sets CR0. */
  public KvmSregs cr0(long value) {
    buffer().putLong(CR0_OFFSET, value);
    return this;
  }

  /** CR2, the address of the last page fault. */
  public long cr2() {
    return buffer().getLong(CR2_OFFSET);
  }

  /** CR3, the page table's root. */
  public long cr3() {
    return buffer().getLong(CR3_OFFSET);
  }

  /** Sets CR3. */
  public KvmSregs cr3(long value) {
    buffer().putLong(CR3_OFFSET, value);
    return this;
  }

  /** CR4. */
  public long cr4() {
    return buffer().getLong(CR4_OFFSET);
  }

  /** Sets CR4. */
  public KvmSregs cr4(long value) {
    buffer().putLong(CR4_OFFSET, value);
    return this;
  }

  /** CR8, the task priority. */
  public long cr8() {
    return buffer().getLong(CR8_OFFSET);
  }

  /** EFER. */
  public long efer() {
    return buffer().getLong(EFER_OFFSET);
  }

  /** Sets EFER. */
  public KvmSregs efer(long value) {
    buffer().putLong(EFER_OFFSET, value);
    return this;
  }

  /** IA32_APIC_BASE. */
  public long apicBase() {
    return buffer().getLong(APIC_BASE_OFFSET);
  }
}
