package javelin.boot.host;

import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.OptionalLong;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import javelin.boot.machine.Units;
import javelin.vmm.linux.HostFiles;

/** RAM of a host: size, huge pages, what may be locked. */
public final class MemoryFacts {
  private static final Pattern LOCKED = Pattern.compile("Max locked memory\\s+(\\S+)\\s+(\\S+).*");
  private static final Pattern HUGE = Pattern.compile("hugepages-(\\d+)kB");
  private static final Pattern CHOSEN = Pattern.compile("\\[(\\w+)]");
  private static final String HUGE_PAGES = "/sys/kernel/mm/hugepages";
  private static final long AT_PAGESZ = 6;

  private final HostFiles files;

  /** Reads from {@code files}. */
  public MemoryFacts(HostFiles files) {
    this.files = files;
  }

  /**
   * Huge pages of one size.
   *
   * @param pageSize bytes
   * @param reserved pages set aside on the host
   * @param free of those, the pages that nobody has taken or been promised
   */
  public record HugePages(long pageSize, long reserved, long free) {}

  /** RAM of the host in bytes (MemTotal), where it is known. */
  public OptionalLong total() {
    return kibibytes("MemTotal");
  }

  private OptionalLong kibibytes(String key) {
    Optional<String> text = files.field("/proc/meminfo", key);
    if (text.isEmpty()) {
      return OptionalLong.empty();
    }
    return OptionalLong.of(Long.parseLong(text.get().replaceAll("\\D.*", "")) << 10);
  }

  /** Huge pages by size, the smallest first. */
  public List<HugePages> hugePages() {
    List<HugePages> pages = new ArrayList<>();
    for (String name : files.names(HUGE_PAGES)) {
      Matcher matcher = HUGE.matcher(name);
      if (matcher.matches()) {
        String directory = HUGE_PAGES + "/" + name;
        long free = files.number(directory + "/free_hugepages").orElse(0L);
        long promised = files.number(directory + "/resv_hugepages").orElse(0L);
        pages.add(
            new HugePages(
                Long.parseLong(matcher.group(1)) << 10,
                files.number(directory + "/nr_hugepages").orElse(0L),
                Math.max(0, free - promised)));
      }
    }
    pages.sort((a, b) -> Long.compare(a.pageSize(), b.pageSize()));
    return pages;
  }

  /** The soft limit of RLIMIT_MEMLOCK in bytes; empty for none. */
  public OptionalLong lockLimit() {
    for (String line : files.lines("/proc/self/limits")) {
      Matcher matcher = LOCKED.matcher(line);
      if (matcher.matches() && !matcher.group(1).equals("unlimited")) {
        return OptionalLong.of(Long.parseLong(matcher.group(1)));
      }
    }
    return OptionalLong.empty();
  }

  /** The mode in square brackets of a THP file such as {@code always [madvise] never}. */
  private String chosen(String file) {
    String text = files.text("/sys/kernel/mm/transparent_hugepage/" + file).orElse("");
    Matcher matcher = CHOSEN.matcher(text);
    return matcher.find() ? matcher.group(1) : "unknown";
  }

  /** The page size in bytes, from the auxiliary vector (getauxval(3), AT_PAGESZ). */
  private OptionalLong pageSize() {
    Optional<byte[]> vector = files.bytes("/proc/self/auxv");
    if (vector.isPresent()) {
      ByteBuffer entries = ByteBuffer.wrap(vector.get()).order(ByteOrder.nativeOrder());
      while (entries.remaining() >= 2 * Long.BYTES) {
        long key = entries.getLong();
        long value = entries.getLong();
        if (key == AT_PAGESZ) {
          return OptionalLong.of(value);
        }
      }
    }
    return OptionalLong.empty();
  }

  /** All of it, for the report. */
  Section section() {
    List<Fact> facts = new ArrayList<>();
    facts.add(
        Fact.plain("RAM", known(total()) + ", " + known(kibibytes("MemAvailable")) + " available"));
    OptionalLong page = pageSize();
    facts.add(Fact.plain("Page size", page.isPresent() ? Units.formatSize(page.getAsLong()) : "?"));
    for (HugePages pages : hugePages()) {
      String size = Units.formatSize(pages.pageSize());
      facts.add(
          Fact.optional(
              pages.free() > 0,
              "Huge pages of " + size,
              pages.reserved() + " reserved, " + pages.free() + " free",
              "--hugepages " + size));
    }
    String shared = chosen("shmem_enabled");
    boolean merges = !shared.equals("never") && !shared.equals("deny") && !shared.equals("unknown");
    facts.add(Fact.plain("THP", chosen("enabled")));
    facts.add(
        Fact.optional(
            merges, "THP, shared memory", shared, "huge pages for guest RAM without reserving"));
    OptionalLong limit = lockLimit();
    facts.add(
        Fact.optional(
            limit.isEmpty(),
            "RLIMIT_MEMLOCK",
            limit.isEmpty() ? "unlimited" : Units.formatSize(limit.getAsLong()),
            "--lock-memory, assigned devices: as much as guest RAM"));
    return new Section("Memory", facts);
  }

  private static String known(OptionalLong bytes) {
    return bytes.isPresent() ? (bytes.getAsLong() >> 20) + " MiB" : "unknown";
  }
}
