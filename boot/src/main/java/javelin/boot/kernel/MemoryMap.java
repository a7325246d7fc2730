package javelin.boot.kernel;

import java.util.ArrayList;
import java.util.List;
import javelin.vmm.memory.GuestMemory;
import javelin.vmm.memory.RamRegion;

/**
 * The map of guest-physical memory as a PC's firmware reports it (ACPI 6.5, section 15, INT 15h
 * E820h): RAM without the legacy area of 0xA0000-0xFFFFF, and the reserved ranges.
 *
 * @param entries by ascending address, without overlaps
 */
public record MemoryMap(List<Entry> entries) {
  /** Where conventional memory ends and the legacy video and ROM area starts. */
  public static final long LEGACY_START = 0xA_0000;

  /** Where the BIOS area starts, in which the ACPI tables lie. */
  public static final long BIOS_START = 0xE_0000;

  /** Where extended memory starts. */
  public static final long EXTENDED_START = 0x10_0000;

  /** Most entries that a Linux zero page has room for (E820_MAX_ENTRIES_ZEROPAGE). */
  public static final int MAX_ENTRIES = 128;

  /** Kinds of ranges, numbered as E820, PVH and Multiboot number them. */
  public enum Type {
    /** RAM that the guest may use. */
    RAM(1),
    /** Not to be used. */
    RESERVED(2),
    /** ACPI tables; RAM once they are read. */
    ACPI(3),
    /** Memory that the guest keeps over sleep. */
    NVS(4);

    private final int number;

    Type(int number) {
      this.number = number;
    }

    /** The number in the kernel's structures. */
    public int number() {
      return number;
    }
  }

  /**
   * One range.
   *
   * @param start guest-physical address of its first byte
   * @param length bytes, above 0
   * @param type what it is
   */
  public record Entry(long start, long length, Type type) {
    /** Checks that the range is not empty and does not wrap. */
    public Entry {
      if (start < 0 || length <= 0 || start + length < 0) {
        throw new IllegalArgumentException(
            String.format("memory range 0x%x, %d bytes, is empty or wraps", start, length));
      }
    }

    /** Address behind the last byte. */
    public long end() {
      return start + length;
    }

    /** A reserved range. */
    public static Entry reserved(long start, long length) {
      return new Entry(start, length, Type.RESERVED);
    }

    @Override
    public String toString() {
      return String.format("0x%x-0x%x", start, end() - 1);
    }
  }

  /** Checks order and number. */
  public MemoryMap {
    entries = List.copyOf(entries);
    if (entries.size() > MAX_ENTRIES) {
      throw new IllegalArgumentException(entries.size() + " memory ranges, most are 128");
    }
    for (int i = 1; i < entries.size(); i++) {
      if (entries.get(i).start() < entries.get(i - 1).end()) {
        throw new IllegalArgumentException(
            "memory range " + entries.get(i) + " overlaps " + entries.get(i - 1));
      }
    }
  }

  /**
   * The map of a PC with the RAM of {@code memory}. The BIOS area is reserved; what {@code other}
   * names is taken out of RAM.
   */
  public static MemoryMap of(GuestMemory memory, List<Entry> other) {
    List<Entry> named = new ArrayList<>(other);
    named.add(Entry.reserved(BIOS_START, EXTENDED_START - BIOS_START));
    List<Entry> cuts = new ArrayList<>(named);
    cuts.add(Entry.reserved(LEGACY_START, BIOS_START - LEGACY_START));
    sort(cuts);

    List<Entry> entries = new ArrayList<>(named);
    for (RamRegion region : memory.regions()) {
      long start = region.guestAddress();
      for (Entry cut : cuts) {
        if (cut.start() >= region.guestEnd()) {
          break;
        }
        addRam(entries, start, cut.start());
        start = Math.max(start, cut.end());
      }
      addRam(entries, start, region.guestEnd());
    }
    sort(entries);
    return new MemoryMap(entries);
  }

  private static void sort(List<Entry> entries) {
    entries.sort((a, b) -> Long.compare(a.start(), b.start()));
  }

  private static void addRam(List<Entry> entries, long start, long end) {
    if (start < end) {
      entries.add(new Entry(start, end - start, Type.RAM));
    }
  }

  /** The entries that are RAM, by ascending address. */
  public List<Entry> ram() {
    return entries.stream().filter(entry -> entry.type() == Type.RAM).toList();
  }

  /** Whether {@code length} bytes at {@code address} all are in one range of RAM. */
  public boolean isRam(long address, long length) {
    for (Entry entry : entries) {
      long offset = address - entry.start();
      if (entry.type() == Type.RAM
          && offset >= 0
          && length >= 0
          && offset <= entry.length()
          && length <= entry.length() - offset) {
        return true;
      }
    }
    return false;
  }

  /**
   * The RAM from 1 MiB up, where kernels are loaded; null where the guest has none there.
   *
   * @return the range that starts at {@link #EXTENDED_START}
   */
  public Entry extended() {
    for (Entry entry : entries) {
      if (entry.type() == Type.RAM && entry.start() == EXTENDED_START) {
        return entry;
      }
    }
    return null;
  }
}
