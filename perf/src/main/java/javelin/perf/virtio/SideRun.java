package javelin.perf.virtio;

import java.io.IOException;
import java.io.RandomAccessFile;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.time.Duration;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import javelin.boot.cli.CommandException;
import javelin.perf.linux.GuestProcess;
import javelin.perf.linux.GuestSays;
import javelin.perf.linux.HostCounters;
import javelin.perf.linux.TcpEnd;
import javelin.perf.linux.TcpJob;
import javelin.perf.result.Outcome;

/** One boot of the guest under one side: all of its work, which is added to the outcome. */
final class SideRun {
  /** The report begins with a sector that tells its length. */
  private static final int SECTOR = 512;

  private final Side side;
  private final Guest guest;
  private final List<FioJob> jobs;
  private final TcpEnd network;
  private final Outcome outcome;
  private final Map<String, Map<String, Long>> counted = new LinkedHashMap<>();
  private final GuestProcess process;
  private HostCounters before;

  /**
   * A run that has not begun.
   *
   * @param jobs of the disk
   * @param network the host's end of the TCP exchanges; null where the guest has no network
   */
  SideRun(Side side, Guest guest, List<FioJob> jobs, TcpEnd network, Outcome outcome) {
    this.side = side;
    this.guest = guest;
    this.jobs = jobs;
    this.network = network;
    this.outcome = outcome;
    Runnable whenGone = network == null ? () -> {} : network::stop;
    process =
        new GuestProcess(
            side.name(), side.command().of(guest), GuestProcess.Ending.KILLED, whenGone);
  }

  /**
   * Boots it and follows it to its end, by which the process has ended.
   *
   * @throws CommandException with the end of the console where it does not come to its end in time
   */
  void run(Duration limit) throws IOException, InterruptedException {
    process.run(limit, this::heard);
  }

  /** Ends it before its time. Any thread may call. */
  void stop() {
    process.stop();
  }

  private void heard(GuestSays said) throws IOException {
    switch (said.what()) {
      case "job" -> {
        String[] words = said.rest().split(" ", -1);
        if (words[1].equals("begin")) {
          before = HostCounters.of(process.pid());
        } else {
          counted.put(words[0], HostCounters.of(process.pid()).since(before));
        }
      }
      case "report" -> disk();
      case "exchange" ->
          // The network is not the disk's: how that is done makes no difference.
          network.measure(TcpJob.of(said.rest()), process.pid(), side.monitor(), outcome);
      case "failed" -> throw new IOException(said.rest());
      default -> {}
    }
  }

  private void disk() throws IOException {
    for (FioReport.JobDone done : FioReport.parse(readReport(guest.report()), jobs)) {
      Map<String, Long> counters = counted.getOrDefault(done.job().name(), Map.of());
      done.job().work().add(outcome, side.name(), done.done(), counters);
    }
  }

  /** What the guest has written to its second disk. */
  static String readReport(Path disk) throws IOException {
    try (RandomAccessFile file = new RandomAccessFile(disk.toFile(), "r")) {
      byte[] head = new byte[SECTOR];
      file.readFully(head);
      String length = new String(head, StandardCharsets.US_ASCII).strip();
      if (!length.matches("\\d{1,9}")) {
        throw new IOException("the guest's second disk has no report on it");
      }
      byte[] report = new byte[Integer.parseInt(length)];
      file.readFully(report);
      return new String(report, StandardCharsets.UTF_8);
    }
  }
}
