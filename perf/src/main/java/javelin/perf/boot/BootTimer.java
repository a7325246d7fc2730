package javelin.perf.boot;

import java.io.BufferedReader;
import java.io.File;
import java.io.IOException;
import java.time.Duration;
import java.util.ArrayDeque;
import java.util.Deque;
import java.util.concurrent.TimeUnit;
import javelin.boot.cli.CommandException;
import javelin.boot.cli.ExitCode;
import javelin.boot.machine.Units;

/** Starts a contestant and takes the time until its guest has said the line. */
final class BootTimer {
  private static final File NOTHING = new File("/dev/null");
  private static final int TAIL_LINES = 15;
  private static final long POWER_OFF_SECONDS = 20;

  private final String line;
  private final Duration limit;

  /**
   * @param line what the guest says when it is up
   * @param limit how long it may take
   */
  BootTimer(String line, Duration limit) {
    this.line = line;
    this.limit = limit;
  }

  /**
   * The time from the process's start to the line. The process has ended on return.
   *
   * @throws CommandException with the end of the console where the line does not come
   */
  Duration run(Contestant contestant) throws IOException, InterruptedException {
    long start = System.nanoTime();
    Process process =
        new ProcessBuilder(contestant.command())
            .redirectInput(NOTHING)
            .redirectErrorStream(true)
            .start();
    try (BufferedReader console = process.inputReader()) {
      // Through its handle: the process's own method would close the console under the reader.
      ProcessHandle handle = process.toHandle();
      handle
          .onExit()
          .orTimeout(limit.toMillis(), TimeUnit.MILLISECONDS)
          .exceptionally(
              late -> {
                handle.destroyForcibly();
                return handle;
              });
      Deque<String> tail = new ArrayDeque<>();
      String text;
      while ((text = console.readLine()) != null) {
        if (text.contains(line)) {
          Duration taken = Duration.ofNanos(System.nanoTime() - start);
          process.waitFor(POWER_OFF_SECONDS, TimeUnit.SECONDS);
          return taken;
        }
        tail.addLast(text);
        if (tail.size() > TAIL_LINES) {
          tail.removeFirst();
        }
      }
      throw new CommandException(
          ExitCode.START_ERROR,
          "%s did not come to its init within %s; the end of its console:%n%s"
              .formatted(contestant.label(), Units.format(limit), String.join("\n", tail)));
    } finally {
      process.destroyForcibly();
      process.waitFor();
    }
  }
}
