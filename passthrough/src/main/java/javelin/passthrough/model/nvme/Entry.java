package javelin.passthrough.model.nvme;

import org.agrona.concurrent.UnsafeBuffer;

/**
 * A submission queue entry, 64 bytes (NVM Express Base 1.4, 4.2).
 *
 * <pre>
 *  0  u8 opcode, u8 flags (0-1 fused, 6-7 PSDT), u16 command identifier
 *  4  u32 namespace
 * 24  u64 PRP 1, u64 PRP 2
 * 40  u32 command dwords 10 to 15
 * </pre>
 */
final class Entry {
  static final int LENGTH = 64;

  private static final int OPCODE = 0;
  private static final int FLAGS = 1;
  private static final int IDENTIFIER = 2;
  private static final int NAMESPACE = 4;
  private static final int PRP_1 = 24;
  private static final int PRP_2 = 32;
  private static final int DWORD_10 = 40;
  private static final int FUSED_AND_SGL = 0xc3;

  private final byte[] bytes = new byte[LENGTH];
  private final UnsafeBuffer buffer = new UnsafeBuffer(bytes);

  /** Where the entry is put. */
  byte[] bytes() {
    return bytes;
  }

  int opcode() {
    return buffer.getByte(OPCODE) & 0xff;
  }

  /** Whether it is fused with another, or has its data in SGLs; the controller offers neither. */
  boolean isUnusual() {
    return (buffer.getByte(FLAGS) & FUSED_AND_SGL) != 0;
  }

  int identifier() {
    return buffer.getShort(IDENTIFIER) & 0xffff;
  }

  int namespace() {
    return buffer.getInt(NAMESPACE);
  }

  long prp1() {
    return buffer.getLong(PRP_1);
  }

  long prp2() {
    return buffer.getLong(PRP_2);
  }

  /**
   * A command dword.
   *
   * @param number 10 to 15
   */
  int dword(int number) {
    return buffer.getInt(DWORD_10 + (number - 10) * Integer.BYTES);
  }

  /** Dwords 10 and 11, as one number. */
  long dwords10And11() {
    return buffer.getLong(DWORD_10);
  }
}
