package javelin.vmm.machine;

import java.util.ArrayList;
import java.util.List;
import java.util.OptionalLong;
import javelin.vmm.kvm.KvmSregs;
import javelin.vmm.memory.GuestMemory;

/**
 * The way of one linear address through a guest's page tables as they are in memory, level by level
 * (Intel SDM volume 3A, chapter 4; AMD APM volume 2, chapter 5). It reads and changes nothing: no
 * accessed or dirty bits are set.
 */
public final class PageWalk {
  /** How the processor translates addresses. */
  public enum Mode {
    OFF("paging is off", 0),
    BITS_32("32-bit paging", 3),
    PAE("PAE paging", 2),
    LEVELS_4("4-level paging", 1),
    LEVELS_5("5-level paging", 0);

    private final String text;
    private final int firstLevel;

    Mode(String text, int firstLevel) {
      this.text = text;
      this.firstLevel = firstLevel;
    }

    /** The mode that the control registers select. */
    public static Mode of(KvmSregs sregs) {
      if ((sregs.cr0() & ControlBits.CR0_PG) == 0) {
        return OFF;
      }
      if ((sregs.cr4() & ControlBits.CR4_PAE) == 0) {
        return BITS_32;
      }
      if ((sregs.efer() & ControlBits.EFER_LMA) == 0) {
        return PAE;
      }
      return (sregs.cr4() & ControlBits.CR4_LA57) == 0 ? LEVELS_4 : LEVELS_5;
    }

    boolean isLong() {
      return this == LEVELS_4 || this == LEVELS_5;
    }
  }

  /**
   * One entry on the way.
   *
   * @param level the entry's name, such as {@code "PDE"}
   * @param index its number in its table
   * @param address its guest-physical address
   * @param value its value
   */
  public record Step(String level, int index, long address, long value) {
    @Override
    public String toString() {
      return String.format(
          "%-5s[%3d] at 0x%012x = 0x%016x  %s", level, index, address, value, flags(value));
    }
  }

  private static final String[] LEVEL_NAMES = {"PML5E", "PML4E", "PDPTE", "PDE", "PTE"};
  private static final int PDPT_LEVEL = 2;
  private static final int PD_LEVEL = 3;
  private static final int PT_LEVEL = 4;

  private static final long PRESENT = 1;
  private static final long WRITABLE = 1 << 1;
  private static final long USER = 1 << 2;
  private static final long PAGE_SIZE_BIT = 1 << 7;
  private static final long PAT_OF_LARGE_PAGE = 1 << 12;
  private static final long NO_EXECUTE = 1L << 63;
  private static final long ADDRESS_MASK = 0x000f_ffff_ffff_f000L;
  private static final int PAGE_SHIFT = 12;
  private static final int LARGE_32_SHIFT = 22;
  private static final long LINEAR_32_MASK = 0xffff_ffffL;

  private static final String[] FLAG_NAMES = {
    "P", "RW", "US", "PWT", "PCD", "A", "D", "PS", "G", null, null, null
  };

  private final GuestMemory memory;
  private final KvmSregs sregs;
  private final Mode mode;
  private final long linear;
  private final List<Step> steps = new ArrayList<>();
  private long physical = -1;
  private String outcome = "";

  /** What all entries on the way allow: the AND of RW and US, the OR of NX. */
  private long permissions = WRITABLE | USER;

  private PageWalk(GuestMemory memory, KvmSregs sregs, long linear) {
    this.memory = memory;
    this.sregs = sregs;
    mode = Mode.of(sregs);
    this.linear = mode.isLong() ? linear : linear & LINEAR_32_MASK;
  }

  /** Walks the tables that {@code sregs} points at, for {@code linear}. */
  public static PageWalk of(GuestMemory memory, KvmSregs sregs, long linear) {
    PageWalk walk = new PageWalk(memory, sregs, linear);
    switch (walk.mode) {
      case OFF -> walk.reach(walk.linear, "the same address, as paging is off");
      case BITS_32 -> walk.walk32();
      default -> walk.walk64();
    }
    return walk;
  }

  private void walk64() {
    if (mode.isLong() && !isCanonical()) {
      outcome = "stops at once: the address is not canonical";
      return;
    }
    // PAE's four PDPTEs lie in 32 bytes; the other modes' root is a page.
    long table = sregs.cr3() & (mode == Mode.PAE ? 0xffff_ffe0L : ADDRESS_MASK);
    for (int level = mode.firstLevel; ; level++) {
      int shift = PAGE_SHIFT + 9 * (PT_LEVEL - level);
      boolean isPaeRoot = mode == Mode.PAE && level == PDPT_LEVEL;
      int index = (int) (linear >>> shift) & (isPaeRoot ? 3 : 0x1ff);
      long address = table + index * 8L;
      if (!memory.contains(address, 8)) {
        outcome = notInRam(LEVEL_NAMES[level], address);
        return;
      }
      long entry = memory.readU64(address);
      steps.add(new Step(LEVEL_NAMES[level], index, address, entry));
      if ((entry & PRESENT) == 0) {
        outcome = "stops at the " + LEVEL_NAMES[level] + ": it is not present";
        return;
      }
      if (!isPaeRoot) {
        restrict(entry);
      }
      boolean isLarge = (entry & PAGE_SIZE_BIT) != 0 && level != PT_LEVEL;
      boolean mayBeLarge = level == PD_LEVEL || (level == PDPT_LEVEL && !isPaeRoot);
      long offsetMask = (1L << shift) - 1;
      if (isReserved(entry, isLarge, mayBeLarge, offsetMask)) {
        outcome = "stops at the " + LEVEL_NAMES[level] + ": it has reserved bits set";
        return;
      }
      if (isLarge || level == PT_LEVEL) {
        reach((entry & ADDRESS_MASK & ~offsetMask) | (linear & offsetMask), page(1L << shift));
        return;
      }
      table = entry & ADDRESS_MASK;
    }
  }

  private boolean isReserved(long entry, boolean isLarge, boolean mayBeLarge, long offsetMask) {
    if ((entry & NO_EXECUTE) != 0 && (sregs.efer() & ControlBits.EFER_NXE) == 0) {
      return true;
    }
    return isLarge
        && (!mayBeLarge || (entry & ADDRESS_MASK & offsetMask & ~PAT_OF_LARGE_PAGE) != 0);
  }

  private void walk32() {
    long directory = sregs.cr3() & 0xffff_f000L;
    int index = (int) (linear >>> LARGE_32_SHIFT);
    long entry = step32("PDE", index, directory);
    if (entry == 0) {
      return;
    }
    if ((entry & PAGE_SIZE_BIT) != 0 && (sregs.cr4() & ControlBits.CR4_PSE) != 0) {
      // PSE-36: bits 20:13 of the entry are bits 39:32 of the address.
      long base = (entry & 0xffc0_0000L) | (entry & 0x001f_e000L) << 19;
      long offsetMask = (1L << LARGE_32_SHIFT) - 1;
      reach(base | (linear & offsetMask), page(1L << LARGE_32_SHIFT));
      return;
    }
    entry = step32("PTE", (int) (linear >>> PAGE_SHIFT) & 0x3ff, entry & 0xffff_f000L);
    if (entry != 0) {
      reach((entry & 0xffff_f000L) | (linear & 0xfff), page(1L << PAGE_SHIFT));
    }
  }

  /** The entry, or 0 where the walk stops there. */
  private long step32(String level, int index, long table) {
    long address = table + index * 4L;
    if (!memory.contains(address, 4)) {
      outcome = notInRam(level, address);
      return 0;
    }
    long entry = memory.readU32(address);
    steps.add(new Step(level, index, address, entry));
    if ((entry & PRESENT) == 0) {
      outcome = "stops at the " + level + ": it is not present";
      return 0;
    }
    restrict(entry);
    return entry;
  }

  private static String notInRam(String level, long address) {
    return String.format("stops at the %s: 0x%x, where it should be, is not RAM", level, address);
  }

  private void restrict(long entry) {
    permissions &= entry | ~(WRITABLE | USER);
    permissions |= entry & NO_EXECUTE;
  }

  private void reach(long address, String how) {
    physical = address;
    outcome =
        String.format(
            "maps to 0x%x, %s%s", address, how, memory.contains(address, 1) ? "" : "; not RAM");
  }

  private String page(long size) {
    String unit =
        size >= 1 << 30 ? (size >> 30) + " GiB" : size >= 1 << 20 ? (size >> 20) + " MiB" : "4 KiB";
    return String.format(
        "a page of %s, %s, %s, %s",
        unit,
        (permissions & USER) != 0 ? "user" : "supervisor",
        (permissions & WRITABLE) != 0 ? "writable" : "read-only",
        (permissions & NO_EXECUTE) == 0 ? "executable" : "not executable");
  }

  private boolean isCanonical() {
    int unused = mode == Mode.LEVELS_5 ? 7 : 16;
    return linear << unused >> unused == linear;
  }

  private static String flags(long entry) {
    StringBuilder text = new StringBuilder();
    for (int i = 0; i < FLAG_NAMES.length; i++) {
      if (FLAG_NAMES[i] != null && (entry & 1L << i) != 0) {
        text.append(text.isEmpty() ? "" : " ").append(FLAG_NAMES[i]);
      }
    }
    if ((entry & NO_EXECUTE) != 0) {
      text.append(" NX");
    }
    return text.isEmpty() ? "-" : text.toString();
  }

  /** How the processor translates. */
  public Mode mode() {
    return mode;
  }

  /** The entries on the way, the root's first. */
  public List<Step> steps() {
    return List.copyOf(steps);
  }

  /** The guest-physical address that the walk reaches; empty where it stops before. */
  public OptionalLong physical() {
    return physical < 0 ? OptionalLong.empty() : OptionalLong.of(physical);
  }

  /** Where it ends, in words. */
  public String outcome() {
    return outcome;
  }

  /** The walk in lines for a report. */
  public List<String> describe() {
    List<String> lines = new ArrayList<>();
    String root = mode == Mode.OFF ? "" : String.format(", CR3 0x%x", sregs.cr3());
    lines.add(String.format("0x%x: %s%s", linear, mode.text, root));
    steps.forEach(step -> lines.add("  " + step));
    lines.add("  " + outcome);
    return lines;
  }
}
