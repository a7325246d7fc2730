package javelin.passthrough.host;

import java.util.ArrayList;
import java.util.List;

/**
 * A base address register, or the expansion ROM.
 *
 * @param index 0 to 5; {@link #ROM_INDEX} for the ROM
 * @param kind what it decodes
 * @param prefetchable whether reads have no side effects
 * @param size in bytes, a power of two
 */
public record HostBar(int index, Kind kind, boolean prefetchable, long size) {
  /** The index of the expansion ROM, as in sysfs and VFIO. */
  public static final int ROM_INDEX = 6;

  private static final int HEXADECIMAL = 16;
  private static final long IORESOURCE_IO = 0x100;
  private static final long IORESOURCE_MEM = 0x200;
  private static final long IORESOURCE_PREFETCH = 0x2000;
  private static final long IORESOURCE_MEM_64 = 0x10_0000;

  /** What a BAR decodes. */
  public enum Kind {
    IO,
    MEM32,
    MEM64,
    ROM
  }

  /**
   * Reads sysfs's file {@code resource}: a line {@code start end flags} each, in hexadecimal
   * (flags: include/linux/ioport.h), BARs first, then the ROM; what follows belongs to virtual
   * functions or to the windows of bridges.
   */
  static List<HostBar> read(List<String> lines) {
    List<HostBar> bars = new ArrayList<>();
    for (int i = 0; i <= ROM_INDEX && i < lines.size(); i++) {
      String[] words = lines.get(i).strip().split("\\s+", -1);
      if (words.length == 3) {
        long flags = hexadecimal(words[2]);
        long size = hexadecimal(words[1]) - hexadecimal(words[0]) + 1;
        if ((flags & (IORESOURCE_IO | IORESOURCE_MEM)) != 0) {
          bars.add(new HostBar(i, kind(i, flags), (flags & IORESOURCE_PREFETCH) != 0, size));
        }
      }
    }
    return bars;
  }

  private static long hexadecimal(String word) {
    return Long.parseUnsignedLong(word.substring("0x".length()), HEXADECIMAL);
  }

  private static Kind kind(int index, long flags) {
    if (index == ROM_INDEX) {
      return Kind.ROM;
    }
    if ((flags & IORESOURCE_IO) != 0) {
      return Kind.IO;
    }
    return (flags & IORESOURCE_MEM_64) != 0 ? Kind.MEM64 : Kind.MEM32;
  }
}
