package javelin.boot.cli;

import java.time.Duration;
import java.util.ArrayList;
import java.util.EnumMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import javelin.vmm.machine.ExitKind;
import javelin.vmm.machine.ExitStats;
import javelin.vmm.machine.StopReason;
import org.HdrHistogram.Histogram;

/** What a run comes to in words: why it ended, its exit code, its exits and their times. */
final class RunReport {
  private static final ExitKind[] KINDS = ExitKind.values();
  private static final double NANOS_PER_MICRO = 1000.0;

  private final List<ExitStats> vcpus;

  /** Times of all vCPUs since the start: reading a vCPU's times takes them out of it. */
  private final Map<ExitKind, Histogram> times = new EnumMap<>(ExitKind.class);

  RunReport(List<ExitStats> vcpus) {
    this.vcpus = vcpus;
  }

  private long count(ExitKind kind) {
    return vcpus.stream().mapToLong(stats -> stats.count(kind)).sum();
  }

  private List<ExitKind> byCount() {
    List<ExitKind> kinds = new ArrayList<>();
    for (ExitKind kind : KINDS) {
      if (count(kind) > 0) {
        kinds.add(kind);
      }
    }
    kinds.sort((a, b) -> Long.compare(count(b), count(a)));
    return kinds;
  }

  /** One line: the outcome, the wall time, the exits by kind with the most frequent first. */
  String summary(StopReason reason, Duration wallTime) {
    StringBuilder line = new StringBuilder(outcome(reason));
    line.append(" after ").append(seconds(wallTime)).append(" s; ");
    long total = 0;
    for (ExitKind kind : KINDS) {
      total += count(kind);
    }
    line.append(total).append(" exits");
    String separator = ": ";
    for (ExitKind kind : byCount()) {
      line.append(separator).append(kind.label()).append(' ').append(count(kind));
      separator = ", ";
    }
    return line.toString();
  }

  /** With two places: by hand, as a Formatter costs a launch more than its last vCPU. */
  private static String seconds(Duration time) {
    long hundredths = (time.toMillis() + 5) / 10;
    return hundredths / 100 + "." + Long.toString(100 + hundredths % 100).substring(1);
  }

  private static String outcome(StopReason reason) {
    if (reason instanceof StopReason.PoweredOff) {
      return "the guest powered off";
    }
    if (reason instanceof StopReason.DebugExit exit) {
      return "the guest ended with code " + exit.code();
    }
    if (reason instanceof StopReason.ResetRequested reset) {
      return "the guest reset (" + reset.cause() + ")";
    }
    if (reason instanceof StopReason.Crashed crashed) {
      return "the guest crashed (" + crashed.crash() + ")";
    }
    if (reason instanceof StopReason.TimedOut) {
      return "time out: the guest was stopped";
    }
    if (reason instanceof StopReason.Requested requested) {
      return "stopped by " + requested.by();
    }
    return "Javelin failed";
  }

  /**
   * The table of {@code --stats} and Ctrl-A c: exits by kind, and, where they are recorded, the
   * times from an exit until the vCPU may run again.
   */
  synchronized List<String> table() {
    List<String> lines = new ArrayList<>();
    collectTimes();
    boolean timed = !times.isEmpty();
    lines.add(
        String.format("%-12s %12s", "exits", "count")
            + (timed ? String.format(" %10s %10s %10s", "p50 us", "p99 us", "max us") : ""));
    for (ExitKind kind : byCount()) {
      String line = String.format("%-12s %12d", kind.label(), count(kind));
      Histogram histogram = times.get(kind);
      if (histogram != null && histogram.getTotalCount() > 0) {
        line +=
            String.format(
                Locale.ROOT,
                " %10.1f %10.1f %10.1f",
                histogram.getValueAtPercentile(50) / NANOS_PER_MICRO,
                histogram.getValueAtPercentile(99) / NANOS_PER_MICRO,
                histogram.getMaxValue() / NANOS_PER_MICRO);
      }
      lines.add(line);
    }
    return lines;
  }

  private void collectTimes() {
    for (ExitStats stats : vcpus) {
      for (ExitKind kind : KINDS) {
        Histogram interval = stats.intervalTimes(kind);
        if (interval != null) {
          times.merge(kind, interval, RunReport::sum);
        }
      }
    }
  }

  private static Histogram sum(Histogram total, Histogram more) {
    total.add(more);
    return total;
  }

  /**
   * The exit code of a run.
   *
   * @param signal the signal that asked for the end, or 0
   */
  static int exitCode(StopReason reason, int signal) {
    if (reason instanceof StopReason.PoweredOff) {
      return ExitCode.OK;
    }
    if (reason instanceof StopReason.DebugExit exit) {
      return exit.code();
    }
    if (reason instanceof StopReason.ResetRequested) {
      return ExitCode.GUEST_RESET;
    }
    if (reason instanceof StopReason.Crashed) {
      return ExitCode.GUEST_CRASH;
    }
    if (reason instanceof StopReason.TimedOut) {
      return ExitCode.TIMEOUT;
    }
    if (reason instanceof StopReason.Requested) {
      return signal == 0 ? ExitCode.ENDED_BY_USER : ExitCode.ofSignal(signal);
    }
    return ExitCode.INTERNAL_ERROR;
  }
}
