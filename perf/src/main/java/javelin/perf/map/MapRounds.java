package javelin.perf.map;

import java.util.List;
import java.util.Locale;
import java.util.Optional;
import javelin.passthrough.vfio.DmaMapper;
import javelin.perf.bench.BenchRun;
import javelin.perf.result.Unit;
import javelin.vmm.linux.Linux;
import javelin.vmm.linux.Resources;
import javelin.vmm.memory.GuestMemory;
import javelin.vmm.memory.GuestRam;
import javelin.vmm.memory.PageSize;
import javelin.vmm.memory.Prefault;
import javelin.vmm.memory.RamConfig;
import javelin.vmm.memory.RamException;
import javelin.vmm.memory.RamRegion;

/** Guest RAM made present and mapped, over and over, with each page size and number of threads. */
final class MapRounds {
  private static final double BYTES_PER_GIB = 1L << 30;

  private final Linux linux;
  private final long bytes;
  private final List<Integer> threads;
  private final Optional<DmaMapper> dma;
  private final BenchRun run;

  /**
   * Prepares rounds.
   *
   * @param bytes how much RAM each time
   * @param threads the numbers of threads to make it present with
   * @param dma where it is mapped
   */
  MapRounds(Linux linux, long bytes, List<Integer> threads, Optional<DmaMapper> dma, BenchRun run) {
    this.linux = linux;
    this.bytes = bytes;
    this.threads = threads;
    this.dma = dma;
    this.run = run;
  }

  void measure(int rounds) {
    threads.stream().skip(1).forEach(many -> run.outcome().ratio(side(many), side(threads.get(0))));
    int all = rounds * PageSize.values().length;
    for (int round = 0; round < rounds; round++) {
      for (PageSize pages : PageSize.values()) {
        if (run.isStopped()) {
          return;
        }
        run.progress(round * PageSize.values().length + pages.ordinal(), all, label(pages));
        threads.forEach(many -> once(pages, many));
      }
    }
  }

  private static String side(int threads) {
    return threads == 1 ? "1 thread" : threads + " threads";
  }

  private static String label(PageSize pages) {
    return switch (pages) {
      case BASE -> "4K pages";
      case TRANSPARENT -> "transparent huge pages";
      case HUGE_2M -> "2M pages";
      case HUGE_1G -> "1G pages";
    };
  }

  private void once(PageSize pages, int many) {
    GuestMemory memory = new GuestMemory();
    RamConfig config = new RamConfig(bytes, pages, false, false);
    try (Resources owned = new Resources()) {
      owned.own(GuestRam.create(linux, config, memory));
      Prefault prefault = new Prefault(linux);
      memory.regions().forEach(region -> prefault.add(region.hostAddress(), region.length()));
      timed("make present", pages, many, () -> prefault.run(many, line -> {}));
      if (dma.isPresent()) {
        map(dma.get(), memory.regions(), pages, many);
      }
    } catch (RamException e) {
      run.outcome().gap(label(pages), e.getMessage());
    }
  }

  /** The kernel pins and maps with one thread, whoever made the pages present. */
  private void map(DmaMapper mapper, List<RamRegion> regions, PageSize pages, int many) {
    if (many != threads.get(0)) {
      return;
    }
    timed(
        "pin and map for DMA",
        pages,
        many,
        () -> regions.forEach(r -> mapper.map(r.guestAddress(), r.length(), r.hostAddress())));
    timed(
        "unmap",
        pages,
        many,
        () -> regions.forEach(r -> mapper.unmap(r.guestAddress(), r.length())));
  }

  private void timed(String what, PageSize pages, int many, Runnable action) {
    long start = System.nanoTime();
    action.run();
    double nanos = (System.nanoTime() - start) * (BYTES_PER_GIB / bytes);
    String name = String.format(Locale.ROOT, "%s, %s, per GiB", what, label(pages));
    run.outcome().series(name, side(many), Unit.NANOSECONDS).add(Math.round(nanos));
  }
}
