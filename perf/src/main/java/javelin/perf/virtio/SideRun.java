package javelin.perf.virtio;

import java.io.BufferedReader;
import java.io.File;
import java.io.IOException;
import java.io.RandomAccessFile;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayDeque;
import java.util.Deque;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.TimeUnit;
import javelin.boot.cli.CommandException;
import javelin.boot.cli.ExitCode;
import javelin.boot.machine.Units;
import javelin.perf.result.Outcome;
import javelin.perf.virtio.Work.Done;

/** One boot of the guest under one side: all of its work, which is added to the outcome. */
final class SideRun {
  private static final File NOTHING = new File("/dev/null");
  private static final int TAIL_LINES = 15;

  /** The report begins with a sector that tells its length. */
  private static final int SECTOR = 512;

  private final Side side;
  private final Guest guest;
  private final List<FioJob> jobs;
  private final TcpEnd network;
  private final Outcome outcome;
  private final Map<String, Map<String, Long>> counted = new LinkedHashMap<>();
  private final Deque<String> tail = new ArrayDeque<>();
  private volatile boolean isLate;
  private HostCounters before;
  private Process process;

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
  }

  /**
   * Boots it and follows it to its end, by which the process has ended.
   *
   * @throws CommandException with the end of the console where it does not come to its end in time
   */
  void run(Duration limit) throws IOException, InterruptedException {
    String tooLate = "did not come to its end within " + Units.format(limit);
    process =
        new ProcessBuilder(side.command().of(guest))
            .redirectInput(NOTHING)
            .redirectErrorStream(true)
            .start();
    // Through its handle: the process's own method would close the console under the reader.
    ProcessHandle handle = process.toHandle();
    handle
        .onExit()
        .orTimeout(limit.toMillis(), TimeUnit.MILLISECONDS)
        .exceptionally(
            late -> {
              isLate = true;
              handle.destroyForcibly();
              return handle;
            });
    try (BufferedReader console = process.inputReader()) {
      String line;
      while ((line = console.readLine()) != null) {
        keep(line);
        GuestSays said = GuestSays.of(line).orElse(null);
        if (said != null && said.what().equals("end")) {
          return;
        }
        if (said != null) {
          heard(said);
        }
      }
      throw failed(isLate ? tooLate : "ended before its guest did");
    } catch (IOException | IllegalArgumentException e) {
      throw failed(isLate ? tooLate : e.getMessage());
    } finally {
      handle.destroyForcibly();
      process.waitFor();
    }
  }

  /** Ends it before its time. Any thread may call. */
  void stop() {
    Process running = process;
    if (running != null) {
      running.toHandle().destroyForcibly();
    }
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
      case "exchange" -> exchange(TcpJob.of(said.rest()));
      case "failed" -> throw new IOException(said.rest());
      default -> {}
    }
  }

  private void disk() throws IOException {
    for (FioReport.JobDone done : FioReport.parse(readReport(guest.report()), jobs)) {
      Map<String, Long> counters = counted.getOrDefault(done.job().name(), Map.of());
      Work.of(done.job()).add(outcome, side.name(), done.done(), counters);
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

  private void exchange(TcpJob job) throws IOException {
    before = null;
    Map<String, Long> counters = new LinkedHashMap<>();
    Done done =
        network.exchange(
            job,
            () -> {
              HostCounters now = HostCounters.of(process.pid());
              if (before == null) {
                before = now;
              } else {
                counters.putAll(now.since(before));
              }
            });
    // The network is not the disk's: how that is done makes no difference.
    Work.of(job).add(outcome, side.monitor(), done, counters);
  }

  private void keep(String line) {
    tail.addLast(line);
    if (tail.size() > TAIL_LINES) {
      tail.removeFirst();
    }
  }

  private CommandException failed(String why) {
    return new CommandException(
        ExitCode.START_ERROR,
        "%s %s; the end of its console:%n%s".formatted(side.name(), why, String.join("\n", tail)));
  }
}
