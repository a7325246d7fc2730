package javelin.devices.pci;

import java.util.Arrays;

/**
 * The table of an MSI-X function (PCI Local Bus 3.0, 6.8.2.6 to 6.8.2.9), as the guest writes it.
 * An entry: u32 address, u32 upper address, u32 data, u32 control with the mask in bit 0.
 *
 * <p>For one thread at a time.
 */
public final class MsixTable {
  /** Bytes of an entry. */
  public static final int ENTRY_LENGTH = 16;

  /** The most entries. */
  public static final int MAX_ENTRIES = 2048;

  private static final int WORDS = 4;
  private static final int DATA = 2;
  private static final int CONTROL = 3;
  private static final int MASKED = 1;
  private static final int PENDING_BITS = 64;

  private final int count;
  private final int[] words;

  /** A table of {@code count} entries, all masked. */
  public MsixTable(int count) {
    if (count < 1 || count > MAX_ENTRIES) {
      throw new IllegalArgumentException("no MSI-X table has " + count + " entries");
    }
    this.count = count;
    words = new int[count * WORDS];
    reset();
  }

  /** Masks all entries and clears them, as at power-on. */
  public void reset() {
    Arrays.fill(words, 0);
    for (int i = 0; i < count; i++) {
      words[i * WORDS + CONTROL] = MASKED;
    }
  }

  /** Number of entries. */
  public int count() {
    return count;
  }

  /** Bytes of the table. */
  public long length() {
    return (long) count * ENTRY_LENGTH;
  }

  /** Bytes of the pending bits of {@code count} vectors: 8 for each 64. */
  public static long pendingLength(int count) {
    return (count + PENDING_BITS - 1L) / PENDING_BITS * Long.BYTES;
  }

  /**
   * Whether an access is one that software may make, in the table or the pending bits: 4 or 8
   * bytes, aligned. What others do is undefined; here they read zeros and write nothing.
   *
   * @param length bytes of the structure
   */
  public static boolean isAligned(long offset, int size, long length) {
    return size >= Integer.BYTES && offset % size == 0 && offset >= 0 && offset + size <= length;
  }

  /** A read. */
  public long read(long offset, int size) {
    if (!isAligned(offset, size, length())) {
      return 0;
    }
    int word = (int) offset / Integer.BYTES;
    long low = Integer.toUnsignedLong(words[word]);
    return size == Integer.BYTES ? low : low | (long) words[word + 1] << Integer.SIZE;
  }

  /**
   * A write.
   *
   * @return the entry that it went to; -1 where it went nowhere
   */
  public int write(long offset, int size, long value) {
    if (!isAligned(offset, size, length())) {
      return -1;
    }
    int word = (int) offset / Integer.BYTES;
    words[word] = (int) value;
    if (size == Long.BYTES) {
      words[word + 1] = (int) (value >>> Integer.SIZE);
    }
    return word / WORDS;
  }

  /** Whether the entry is masked. */
  public boolean isMasked(int entry) {
    return (words[entry * WORDS + CONTROL] & MASKED) != 0;
  }

  /** The entry's message address. */
  public long address(int entry) {
    int word = entry * WORDS;
    return Integer.toUnsignedLong(words[word]) | (long) words[word + 1] << Integer.SIZE;
  }

  /** The entry's message data. */
  public int data(int entry) {
    return words[entry * WORDS + DATA];
  }
}
