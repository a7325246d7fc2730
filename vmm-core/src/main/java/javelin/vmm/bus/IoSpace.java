package javelin.vmm.bus;

import java.util.ArrayList;
import java.util.List;

/**
 * An address space of the guest, I/O ports or MMIO: from an address to the handler of its range.
 *
 * <p>Threads: look-ups read one immutable table and take no lock; changes copy the table under the
 * object's lock. Addresses compare as unsigned 64-bit values below {@link #limit}, which fits in 63
 * bits.
 */
public final class IoSpace {
  /** What a read returns where nothing answers: all ones, as on a PC's bus. */
  private static final long NOTHING = -1;

  /** Told of accesses that no range covers. */
  public interface UnclaimedListener {
    /** An access of {@code size} bytes at {@code address} went nowhere. */
    void unclaimed(IoSpace space, long address, int size, boolean isWrite);
  }

  private static final class Table {
    static final Table EMPTY = new Table(List.of());

    final long[] bases;
    final long[] ends;
    final IoHandler[] handlers;

    Table(List<IoRange> ranges) {
      int count = ranges.size();
      bases = new long[count];
      ends = new long[count];
      handlers = new IoHandler[count];
      for (int i = 0; i < count; i++) {
        IoRange range = ranges.get(i);
        bases[i] = range.baseLocked();
        ends[i] = range.baseLocked() + range.length();
        handlers[i] = range.handler();
      }
    }

    /** Index of the range that holds {@code address}, or -1. */
    int find(long address) {
      int low = 0;
      int high = bases.length - 1;
      while (low <= high) {
        int middle = (low + high) >>> 1;
        if (address < bases[middle]) {
          high = middle - 1;
        } else if (address >= ends[middle]) {
          low = middle + 1;
        } else {
          return middle;
        }
      }
      return -1;
    }
  }

  private final String name;
  private final long limit;
  private final List<IoRange> ranges = new ArrayList<>();
  private volatile Table table = Table.EMPTY;
  private volatile UnclaimedListener unclaimedListener = (space, address, size, isWrite) -> {};

  private IoSpace(String name, long limit) {
    this.name = name;
    this.limit = limit;
  }

  /** The 64 Ki I/O ports. */
  public static IoSpace ports() {
    return new IoSpace("port", 0x1_0000);
  }

  /** MMIO, up to 2^52 bytes. */
  public static IoSpace mmio() {
    return new IoSpace("MMIO", 1L << 52);
  }

  /** {@code "port"} or {@code "MMIO"}. */
  public String name() {
    return name;
  }

  /** First address beyond the space. */
  public long limit() {
    return limit;
  }

  /** Sets who hears of accesses that no range covers. */
  public void unclaimedListener(UnclaimedListener listener) {
    unclaimedListener = listener;
  }

  /** The ranges, by ascending address. */
  public synchronized List<IoRange> ranges() {
    return List.copyOf(ranges);
  }

  /**
   * Gives a range to a handler.
   *
   * @throws IllegalArgumentException where the range is empty, outside the space or taken
   */
  public synchronized IoRange register(
      String rangeName, long base, long length, IoHandler handler) {
    IoRange range = new IoRange(this, rangeName, base, length, handler);
    requireFree(range, base);
    ranges.add(range);
    publish();
    return range;
  }

  synchronized void move(IoRange range, long newBase) {
    if (!ranges.contains(range)) {
      throw new IllegalArgumentException(range.name() + " is not registered");
    }
    requireFree(range, newBase);
    range.baseLocked(newBase);
    publish();
  }

  synchronized void remove(IoRange range) {
    if (ranges.remove(range)) {
      publish();
    }
  }

  private void requireFree(IoRange range, long base) {
    long length = range.length();
    if (length <= 0 || base < 0 || base >= limit || length > limit - base) {
      throw new IllegalArgumentException(
          String.format(
              "%s range of %s, 0x%x, length 0x%x, is outside the space",
              name, range.name(), base, length));
    }
    for (IoRange other : ranges) {
      if (other != range
          && base < other.baseLocked() + other.length()
          && other.baseLocked() < base + length) {
        throw new IllegalArgumentException(
            String.format("%s range of %s at 0x%x overlaps %s", name, range.name(), base, other));
      }
    }
  }

  private void publish() {
    // A lambda of our own: the class archive holds none of those that Comparator makes.
    ranges.sort((a, b) -> Long.compare(a.baseLocked(), b.baseLocked()));
    table = new Table(ranges);
  }

  /** A guest's read of {@code size} bytes; all ones where nothing answers. */
  public long read(long address, int size) {
    Table current = table;
    int found = current.find(address);
    if (found >= 0 && size <= current.ends[found] - address) {
      return current.handlers[found].read(address - current.bases[found], size);
    }
    if (straddles(current, found, address, size)) {
      return readBytes(address, size);
    }
    unclaimedListener.unclaimed(this, address, size, false);
    return NOTHING;
  }

  /** A guest's write of {@code size} bytes; ignored where nothing answers. */
  public void write(long address, int size, long value) {
    Table current = table;
    int found = current.find(address);
    if (found >= 0 && size <= current.ends[found] - address) {
      current.handlers[found].write(address - current.bases[found], size, value);
    } else if (straddles(current, found, address, size)) {
      writeBytes(address, size, value);
    } else {
      unclaimedListener.unclaimed(this, address, size, true);
    }
  }

  /**
   * Whether some, but not all, of the bytes belong to the range that was found or to a later one.
   */
  private static boolean straddles(Table table, int found, long address, int size) {
    if (found >= 0) {
      return true;
    }
    for (int i = 1; i < size; i++) {
      if (table.find(address + i) >= 0) {
        return true;
      }
    }
    return false;
  }

  /** An access across the border of a range is one access for each byte, as on the ISA bus. */
  private long readBytes(long address, int size) {
    long value = 0;
    for (int i = 0; i < size; i++) {
      value |= (read(address + i, 1) & 0xff) << (8 * i);
    }
    return value;
  }

  private void writeBytes(long address, int size, long value) {
    for (int i = 0; i < size; i++) {
      write(address + i, 1, value >>> (8 * i) & 0xff);
    }
  }
}
