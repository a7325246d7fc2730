package javelin.vmm.memory;

import static javelin.vmm.linux.Linux.MADV_DONTDUMP;
import static javelin.vmm.linux.Linux.MADV_HUGEPAGE;
import static javelin.vmm.linux.Linux.MADV_NOHUGEPAGE;
import static javelin.vmm.linux.Linux.MAP_NORESERVE;
import static javelin.vmm.linux.Linux.MAP_SHARED;
import static javelin.vmm.linux.Linux.PROT_READ;
import static javelin.vmm.linux.Linux.PROT_WRITE;
import static javelin.vmm.linux.Linux.RLIMIT_MEMLOCK;

import java.util.ArrayList;
import java.util.List;
import java.util.function.Consumer;
import javelin.vmm.linux.Errno;
import javelin.vmm.linux.ErrnoException;
import javelin.vmm.linux.Fd;
import javelin.vmm.linux.Linux;
import javelin.vmm.linux.Mapping;
import javelin.vmm.linux.Resources;

/**
 * Owner of a guest's RAM: one memfd, mapped shared, placed below 3 GiB and above 4 GiB of the
 * guest-physical address space, with the hole for devices between them.
 */
public final class GuestRam implements AutoCloseable {
  /** Where low RAM ends at the latest. */
  public static final long LOW_LIMIT = 3L << 30;

  /** Where high RAM starts. */
  public static final long HIGH_BASE = 4L << 30;

  private final Linux linux;
  private final RamConfig config;
  private final GuestMemory memory;
  private final Consumer<String> progress;
  private final Resources owned = new Resources();
  private final List<Mapping> mappings = new ArrayList<>();

  private GuestRam(Linux linux, RamConfig config, GuestMemory memory, Consumer<String> progress) {
    this.linux = linux;
    this.config = config;
    this.memory = memory;
    this.progress = progress;
  }

  /**
   * Sets up RAM as configured and adds it to {@code memory}.
   *
   * @throws RamException where the host cannot give it; nothing is left behind
   */
  public static GuestRam create(Linux linux, RamConfig config, GuestMemory memory) {
    return create(linux, config, memory, line -> {});
  }

  /**
   * As above.
   *
   * @param progress told in a line how far it is, once a second, where it takes longer than that
   */
  public static GuestRam create(
      Linux linux, RamConfig config, GuestMemory memory, Consumer<String> progress) {
    GuestRam ram = new GuestRam(linux, config, memory, progress);
    try {
      ram.build();
      return ram;
    } catch (RuntimeException e) {
      ram.owned.closeAfter(e);
      throw e;
    }
  }

  private void build() {
    if (config.size() <= 0 || config.size() % config.pages().bytes() != 0) {
      throw new RamException(
          String.format(
              "Guest RAM of %d bytes is not a positive multiple of the page size, %d bytes",
              config.size(), config.pages().bytes()));
    }
    Fd fd;
    try {
      int shift = config.pages().hugePageShift();
      fd = owned.own(linux.sealedMemfd("guest-ram", config.size(), shift));
      long low = Math.min(config.size(), LOW_LIMIT);
      map(fd, 0, low);
      if (config.size() > low) {
        map(fd, low, config.size() - low);
      }
    } catch (ErrnoException e) {
      throw new RamException(mapFailure(e), e);
    }
    if (config.prefault() || config.locked()) {
      prefault();
    }
    if (config.locked()) {
      lock();
    }
    long guest = 0;
    long offset = 0;
    for (Mapping mapping : mappings) {
      RamRegion region = memory.add(guest, mapping.length(), mapping.address(), fd, offset);
      owned.own((AutoCloseable) () -> memory.remove(region));
      guest = HIGH_BASE;
      offset += mapping.length();
    }
  }

  private void map(Fd fd, long offset, long length) {
    // Without MAP_NORESERVE the kernel takes the huge pages here, and says so now, not by SIGBUS.
    int flags = config.pages().hugePageShift() != 0 ? MAP_SHARED : MAP_SHARED | MAP_NORESERVE;
    Mapping mapping = owned.own(linux.map(fd, offset, length, PROT_READ | PROT_WRITE, flags));
    mappings.add(mapping);
    // Advice only: a kernel without the feature refuses it, and RAM works all the same.
    linux.syscalls().madvise(mapping.address(), length, MADV_DONTDUMP);
    if (config.pages() == PageSize.TRANSPARENT) {
      linux.syscalls().madvise(mapping.address(), length, MADV_HUGEPAGE);
    } else if (config.pages() == PageSize.BASE) {
      linux.syscalls().madvise(mapping.address(), length, MADV_NOHUGEPAGE);
    }
  }

  private String mapFailure(ErrnoException e) {
    long mebibytes = config.size() >> 20;
    if (config.pages().hugePageShift() != 0 && e.is(Errno.ENODEV)) {
      return String.format(
          "This host's CPU or kernel has no huge pages of %d MiB: use another size, or run without"
              + " --hugepages",
          config.pages().bytes() >> 20);
    }
    if (config.pages().hugePageShift() != 0 && (e.is(Errno.ENOMEM) || e.is(Errno.EINVAL))) {
      long pages = config.size() / config.pages().bytes();
      return String.format(
          "Guest RAM of %d MiB needs %d free huge pages of %d MiB and the host has not that many:"
              + " reserve them with `echo %d > /sys/kernel/mm/hugepages/hugepages-%dkB/nr_hugepages`,"
              + " or run without --hugepages",
          mebibytes, pages, config.pages().bytes() >> 20, pages, config.pages().bytes() >> 10);
    }
    return String.format("Guest RAM of %d MiB cannot be mapped: %s", mebibytes, e.getMessage());
  }

  private void prefault() {
    Prefault prefault = new Prefault(linux);
    mappings.forEach(mapping -> prefault.add(mapping.address(), mapping.length()));
    prefault.run(Prefault.threads(), progress);
  }

  private void lock() {
    for (Mapping mapping : mappings) {
      int result = linux.syscalls().mlock(mapping.address(), mapping.length());
      if (result < 0) {
        throw new RamException(lockFailure(-result));
      }
    }
  }

  private String lockFailure(int errno) {
    long limit = linux.softLimit(RLIMIT_MEMLOCK);
    if (limit != Linux.RLIM_INFINITY && Long.compareUnsigned(limit, config.size()) < 0) {
      return String.format(
          "Locking %d MiB of guest RAM needs RLIMIT_MEMLOCK of as much; the limit is %d MiB:"
              + " run `ulimit -l unlimited` first, or without --lock-memory",
          config.size() >> 20, limit >> 20);
    }
    return String.format(
        "Locking %d MiB of guest RAM: mlock: %s", config.size() >> 20, Errno.describe(errno));
  }

  /** The configuration that it was made from. */
  public RamConfig config() {
    return config;
  }

  @Override
  public void close() {
    owned.close();
  }
}
