package javelin.boot.kernel;

import java.util.ArrayList;
import java.util.List;
import java.util.stream.Collectors;

/**
 * Where things go in guest RAM: what the kernel demands is claimed first, then the rest is placed
 * around it. Nothing overlaps, nothing leaves RAM, and all is below 4 GiB unless said otherwise.
 */
final class Placement {
  /** Alignment of everything that is placed. */
  static final int PAGE_SIZE = 4096;

  /** What the identity mapping covers, and what 32-bit kernels reach. */
  static final long LIMIT = 1L << 32;

  // Boot structures go above the first 64 KiB, which BIOS data and start-up code of other CPUs use,
  // and below the last pages of conventional memory, where Linux puts its paging trampoline.
  private static final long LOW_START = 0x1_0000;
  private static final long LOW_END = 0x9_0000;

  private final MemoryMap map;
  private final List<Claim> claims = new ArrayList<>();

  private record Claim(String name, long start, long end) {}

  Placement(MemoryMap map) {
    this.map = map;
  }

  MemoryMap map() {
    return map;
  }

  /**
   * Claims a fixed range.
   *
   * @param name what it is, for messages
   * @throws KernelLoadException where it leaves RAM below 4 GiB or overlaps an earlier claim
   */
  void claim(Content file, String name, long start, long length) {
    if (!map.isRam(start, length) || start + length > LIMIT) {
      throw file.error(
          "%s (%s bytes at 0x%x) is outside the guest's RAM below 4 GiB (%s); %s",
          name,
          Long.toUnsignedString(length),
          start,
          map.ram().stream()
              .filter(entry -> entry.start() < LIMIT)
              .map(MemoryMap.Entry::toString)
              .collect(Collectors.joining(", ")),
          "a larger --memory helps if it is not enough");
    }
    for (Claim claim : claims) {
      if (start < claim.end() && claim.start() < start + length) {
        throw file.error(
            "%s (0x%x-0x%x) overlaps %s (0x%x-0x%x)",
            name, start, start + length - 1, claim.name(), claim.start(), claim.end() - 1);
      }
    }
    claims.add(new Claim(name, start, start + length));
  }

  /** The end of the highest claim, or 0. */
  long highestClaim() {
    return claims.stream().mapToLong(Claim::end).max().orElse(0);
  }

  /**
   * Pages in conventional memory for a boot structure.
   *
   * @throws KernelLoadException where the kernel leaves no room
   */
  long low(Content file, String name, int length) {
    long start = up(LOW_START, length, LOW_END);
    if (start < 0) {
      throw file.error("it leaves no room below 640 KiB for the %s (%d bytes)", name, length);
    }
    claims.add(new Claim(name, start, start + length));
    return start;
  }

  /** The lowest free page-aligned place in RAM at or above {@code floor}; -1 where none is. */
  long up(long floor, long length, long limit) {
    long start = align(floor);
    while (length <= limit - start) {
      Claim taken = overlap(start, length);
      if (taken == null) {
        return map.isRam(start, length) ? start : -1;
      }
      start = align(taken.end());
    }
    return -1;
  }

  /** The highest free page-aligned place in RAM that ends at or below {@code limit}; or -1. */
  long down(long floor, long length, long limit) {
    long start = (limit - length) & -PAGE_SIZE;
    while (start >= floor && length <= limit) {
      Claim taken = overlap(start, length);
      if (taken == null) {
        return map.isRam(start, length) ? start : -1;
      }
      start = (taken.start() - length) & -PAGE_SIZE;
    }
    return -1;
  }

  private Claim overlap(long start, long length) {
    for (Claim claim : claims) {
      if (start < claim.end() && claim.start() < start + length) {
        return claim;
      }
    }
    return null;
  }

  private static long align(long address) {
    return (address + PAGE_SIZE - 1) & -PAGE_SIZE;
  }
}
