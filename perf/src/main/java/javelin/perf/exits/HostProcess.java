package javelin.perf.exits;

import java.io.IOException;
import java.io.InputStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.Executor;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.function.Consumer;
import javelin.boot.cli.CommandException;
import javelin.boot.cli.ExitCode;
import javelin.perf.guest.ConsoleLines;
import javelin.perf.guest.SampleText;
import javelin.perf.guest.SampleTextException;

/** A program of the host's, from its start to its end, which comes in bounded time. */
final class HostProcess {
  private static final int BUFFER = 1 << 16;

  private final String name;
  private final Path folder;
  private final List<String> command;
  private final Duration limit;

  /**
   * A program that has not been started.
   *
   * @param name what messages call it
   * @param folder where it runs; what it says on standard error is kept there
   */
  HostProcess(String name, Path folder, List<String> command, Duration limit) {
    this.name = name;
    this.folder = folder;
    this.command = List.copyOf(command);
    this.limit = limit;
  }

  /**
   * Runs it.
   *
   * @param lines hears of each line of its standard output
   * @param good the exit code that is none of an error
   * @throws IOException where it cannot be started
   * @throws CommandException where it takes too long or ends with another code
   * @throws IllegalStateException where {@code lines} refuses what the guest in it writes
   */
  void run(Consumer<String> lines, int good) throws IOException, InterruptedException {
    Path errors = folder.resolve("errors");
    Process process =
        new ProcessBuilder(command)
            .directory(folder.toFile())
            .redirectInput(ProcessBuilder.Redirect.from(Path.of("/dev/null").toFile()))
            .redirectError(errors.toFile())
            .start();
    AtomicBoolean late = new AtomicBoolean();
    Executor watchdog = CompletableFuture.delayedExecutor(limit.toMillis(), TimeUnit.MILLISECONDS);
    CompletableFuture<Void> ending =
        CompletableFuture.runAsync(
            () -> {
              late.set(process.isAlive());
              process.destroyForcibly();
            },
            watchdog);
    try {
      read(process.getInputStream(), lines);
      int code = process.waitFor();
      if (late.get()) {
        throw failure("has not ended after " + limit.toSeconds() + " s");
      }
      if (code != good) {
        String said = Files.readString(errors, StandardCharsets.UTF_8).strip();
        throw failure("failed: " + (said.isEmpty() ? "exit code " + code : said));
      }
    } catch (SampleTextException e) {
      throw new IllegalStateException(name + ": " + e.getMessage(), e);
    } finally {
      ending.cancel(false);
      process.destroyForcibly();
    }
  }

  private static void read(InputStream output, Consumer<String> target) throws IOException {
    ConsoleLines lines = new ConsoleLines(SampleText.LONGEST_LINE + 1, target);
    byte[] buffer = new byte[BUFFER];
    for (int count = output.read(buffer); count >= 0; count = output.read(buffer)) {
      lines.accept(buffer, 0, count);
    }
  }

  private CommandException failure(String what) {
    return new CommandException(ExitCode.START_ERROR, name + " " + what);
  }
}
