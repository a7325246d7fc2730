package javelin.perf.boot;

import java.io.BufferedReader;
import java.io.File;
import java.io.IOException;
import java.time.Duration;
import java.util.ArrayDeque;
import java.util.Deque;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.OptionalLong;
import java.util.concurrent.TimeUnit;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import javelin.boot.cli.CommandException;
import javelin.boot.cli.ExitCode;
import javelin.boot.machine.Units;
import javelin.perf.bench.QemuPeer;

/** Starts a contestant and takes the time until its guest has said the line, or has ended. */
final class BootTimer {
  private static final File NOTHING = new File("/dev/null");
  private static final int TAIL_LINES = 15;
  private static final long POWER_OFF_SECONDS = 20;
  private static final double NANOS_PER_MILLI = 1e6;

  /** The exit code where the guest writes 0 to the debug exit port: {@code 0 << 1 | 1}. */
  private static final int DEBUG_EXIT = 1;

  /** A line of {@code --trace launch}. */
  private static final Pattern PHASE = Pattern.compile("launch: +([0-9.]+) ms (.+)");

  private final String line;
  private final Duration limit;

  /**
   * @param line what the guest says when it is up; null where the process's end is what counts
   * @param limit how long it may take
   */
  BootTimer(String line, Duration limit) {
    this.line = line;
    this.limit = limit;
  }

  /**
   * One boot.
   *
   * @param nanos from the process's start to the line, or to the process's end
   * @param phases nanoseconds from the process's start to each phase of Javelin's launch
   * @param memory what the process has in RAM beside its guest's RAM at the line, in bytes
   */
  record Boot(long nanos, Map<String, Long> phases, OptionalLong memory) {}

  /**
   * Times one boot. The process has ended on return.
   *
   * @param guestRam bytes of RAM of the guest
   * @throws CommandException with the end of the console where the line does not come
   */
  Boot run(Contestant contestant, long guestRam) throws IOException, InterruptedException {
    ProcessBuilder builder =
        new ProcessBuilder(contestant.command()).redirectInput(NOTHING).redirectErrorStream(true);
    builder.environment().putAll(contestant.environment());
    long start = System.nanoTime();
    Process process = builder.start();
    Map<String, Long> phases = new LinkedHashMap<>();
    Deque<String> tail = new ArrayDeque<>();
    OptionalLong memory = OptionalLong.empty();
    long taken = 0;
    try (BufferedReader console = process.inputReader()) {
      limit(process.toHandle());
      for (String text = console.readLine(); text != null; text = console.readLine()) {
        if (taken == 0 && line != null && text.contains(line)) {
          taken = System.nanoTime() - start;
          memory = GuestFreeMemory.of(process.pid(), guestRam);
        }
        Matcher phase = PHASE.matcher(text);
        if (phase.matches()) {
          long nanos = Math.round(Double.parseDouble(phase.group(1)) * NANOS_PER_MILLI);
          phases.put(phase.group(2), nanos);
        }
        tail.addLast(text);
        if (tail.size() > TAIL_LINES) {
          tail.removeFirst();
        }
      }
      process.waitFor(POWER_OFF_SECONDS, TimeUnit.SECONDS);
      if (line == null && isEnd(process, tail)) {
        taken = System.nanoTime() - start;
      }
    } finally {
      process.destroyForcibly();
      process.waitFor();
    }
    if (taken == 0) {
      boolean isLate = System.nanoTime() - start >= limit.toNanos();
      throw new CommandException(
          ExitCode.START_ERROR,
          "%s %s %s%s; the end of its console:%n%s"
              .formatted(
                  contestant.label(),
                  isLate ? "did not come to" : "ended before",
                  line == null ? "its guest's end" : "init",
                  isLate ? " within " + Units.format(limit) : "",
                  String.join("\n", tail)));
    }
    return new Boot(taken, phases, memory);
  }

  /** Through its handle: the process's own method would close the console under the reader. */
  private void limit(ProcessHandle handle) {
    handle
        .onExit()
        .orTimeout(limit.toMillis(), TimeUnit.MILLISECONDS)
        .exceptionally(
            late -> {
              handle.destroyForcibly();
              return handle;
            });
  }

  /** Whether the guest ended by itself: QEMU ends with the same code where it cannot start. */
  private static boolean isEnd(Process process, Deque<String> console) {
    return !process.isAlive()
        && process.exitValue() == DEBUG_EXIT
        && console.stream().noneMatch(text -> text.startsWith(QemuPeer.PROGRAM + ": "));
  }
}
