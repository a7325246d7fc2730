package javelin.perf.virtio;

import java.io.IOException;
import java.io.RandomAccessFile;
import java.nio.file.Files;
import java.util.HashSet;
import java.util.List;
import java.util.Set;
import javelin.boot.cli.CommandException;
import javelin.perf.bench.BenchRun;
import javelin.perf.linux.BenchAddresses;
import javelin.perf.linux.TcpEnd;

/** The boots of all sides, in turn. */
final class Rounds {
  private static final long REPORT_BYTES = 8 << 20;

  private final BenchRun run;
  private final VirtioOptions options;
  private final List<Side> sides;
  private final Guest guest;

  Rounds(BenchRun run, VirtioOptions options, List<Side> sides, Guest guest) {
    this.run = run;
    this.options = options;
    this.sides = sides;
    this.guest = guest;
  }

  /** Does all of them, or those until the user wants an end. */
  void all() throws IOException, InterruptedException {
    int done = 0;
    for (int round = 0; round < options.rounds(); round++) {
      Set<String> hadNetwork = new HashSet<>();
      for (Side side : sides) {
        // A monitor has its disks in several ways, its network in one.
        boolean network = guest.tap() != null && hadNetwork.add(side.monitor());
        if (run.isStopped() || !(options.hasDisk() || network)) {
          continue;
        }
        run.progress(done++, options.rounds() * sides.size(), side.name());
        boot(side, network ? guest : guest.withoutNetwork());
      }
    }
  }

  @SuppressWarnings("try") // the stopping is there to be closed
  private void boot(Side side, Guest booted) throws IOException, InterruptedException {
    Files.deleteIfExists(guest.report());
    try (RandomAccessFile report = new RandomAccessFile(guest.report().toFile(), "rw")) {
      report.setLength(REPORT_BYTES);
    }
    try (TcpEnd tcp = booted.tap() == null ? null : end()) {
      SideRun boot = new SideRun(side, booted, options.jobs(), tcp, run.outcome());
      try (BenchRun.Stopping stopping = run.whenStopped(boot::stop)) {
        boot.run(options.limit());
      }
    } catch (CommandException e) {
      if (!run.isStopped()) {
        run.outcome().gap(side.name(), e.getMessage());
      }
    }
  }

  private TcpEnd end() throws IOException {
    return new TcpEnd(BenchAddresses.host(), BenchAddresses.PORT, options.warmUp(), options.time());
  }
}
