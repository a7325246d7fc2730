package javelin.perf.linux;

import java.io.BufferedReader;
import java.io.File;
import java.io.IOException;
import java.time.Duration;
import java.util.ArrayDeque;
import java.util.Deque;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.TimeUnit;
import javelin.boot.cli.CommandException;
import javelin.boot.cli.ExitCode;
import javelin.boot.machine.Units;

/**
 * The process of a monitor, whose standard output is its guest's console: started, heard to the end
 * of the guest's work, and ended.
 */
public final class GuestProcess {
  /** What becomes of the process when the guest is done, or when it has to end before. */
  public enum Ending {
    /** It is killed. */
    KILLED,
    /** It has something to put in order: the guest powers off, or it gets SIGTERM. */
    BY_ITSELF
  }

  /** Hears what the guest says. */
  @FunctionalInterface
  public interface Listener {
    /**
     * All but {@code end}.
     *
     * @throws IOException where nothing more is to be expected of this guest
     */
    void heard(GuestSays said) throws IOException;
  }

  private static final File NOTHING = new File("/dev/null");
  private static final int TAIL_LINES = 15;
  private static final long SECONDS_TO_END = 60;

  private final String name;
  private final List<String> command;
  private final Ending ending;
  private final Runnable whenGone;
  private final Deque<String> tail = new ArrayDeque<>();
  private volatile Process process;
  private volatile boolean isLate;
  private volatile boolean isUnwanted;

  /**
   * One that has not been started.
   *
   * @param name for errors
   * @param whenGone called, by any thread, when the process has ended, for whoever waits for its
   *     guest
   */
  public GuestProcess(String name, List<String> command, Ending ending, Runnable whenGone) {
    this.name = name;
    this.command = List.copyOf(command);
    this.ending = ending;
    this.whenGone = whenGone;
  }

  /**
   * Starts it and follows it to its end.
   *
   * @throws CommandException with the end of the console where the guest does not come to its end
   *     in time
   */
  public void run(Duration limit, Listener listener) throws IOException, InterruptedException {
    process = new ProcessBuilder(command).redirectInput(NOTHING).redirectErrorStream(true).start();
    CompletableFuture<Void> told = process.onExit().thenRun(whenGone);
    whenStillThere(
        limit,
        () -> {
          isLate = true;
          stop();
        });
    if (isUnwanted) {
      stop();
    }
    try (BufferedReader console = process.inputReader()) {
      follow(console, listener);
    } catch (IOException | IllegalArgumentException e) {
      throw failed(
          isLate ? "did not come to its end within " + Units.format(limit) : e.getMessage());
    } finally {
      stop();
      process.waitFor();
      told.join();
    }
  }

  private void follow(BufferedReader console, Listener listener) throws IOException {
    boolean isDone = false;
    try {
      String line;
      while (!(isDone && ending == Ending.KILLED) && (line = console.readLine()) != null) {
        keep(line);
        GuestSays said = GuestSays.of(line).orElse(null);
        isDone |= said != null && said.what().equals("end");
        if (said != null && !isDone) {
          listener.heard(said);
        }
      }
      if (!isDone) {
        throw new IOException("ended before its guest did");
      }
    } finally {
      stop();
      if (ending == Ending.BY_ITSELF) {
        // It has more to say, and must not wait for somebody to read it.
        while (console.readLine() != null) {}
      }
    }
  }

  /** Ends it before its time. Any thread may call. */
  public void stop() {
    isUnwanted = true;
    Process running = process;
    if (running == null) {
      return;
    }
    // Through its handle: the process's own method would close the console under the reader.
    if (ending == Ending.KILLED) {
      running.toHandle().destroyForcibly();
    } else if (running.toHandle().destroy()) {
      whenStillThere(
          Duration.ofSeconds(SECONDS_TO_END), () -> running.toHandle().destroyForcibly());
    }
  }

  private void whenStillThere(Duration limit, Runnable action) {
    ProcessHandle handle = process.toHandle();
    handle
        .onExit()
        .orTimeout(limit.toMillis(), TimeUnit.MILLISECONDS)
        .exceptionally(
            late -> {
              action.run();
              return handle;
            });
  }

  /** The process, once it has been started. */
  public long pid() {
    return process.pid();
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
        "%s %s; the end of its console:%n%s".formatted(name, why, String.join("\n", tail)));
  }
}
