package javelin.boot.labtest;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.TimeUnit;

/** Starts Javelin as its users do, by its launcher; ends what is left of it. */
final class Launcher {
  private static final long LIMIT_SECONDS = 240;

  private final Path folder;
  private final List<Process> started = new ArrayList<>();

  /** Keeps the outputs in {@code folder}. */
  Launcher(Path folder) {
    this.folder = folder;
  }

  /** Starts a command; {@code name} is that of the file with its output. */
  Run start(String name, List<String> arguments) throws IOException {
    List<String> command = new ArrayList<>(List.of(path()));
    command.addAll(arguments);
    return startProgram(name, command);
  }

  /** As {@link #start}, for any program, which may start the launcher itself. */
  Run startProgram(String name, List<String> command) throws IOException {
    Path output = folder.resolve(name);
    Process process =
        new ProcessBuilder(command)
            .redirectErrorStream(true)
            .redirectOutput(output.toFile())
            .start();
    started.add(process);
    return new Run(output, process);
  }

  /** Where the launcher is: above the working folder. */
  static String path() {
    for (Path at = Path.of("").toAbsolutePath(); at != null; at = at.getParent()) {
      if (Files.isExecutable(at.resolve("javelin"))) {
        return at.resolve("javelin").toString();
      }
    }
    throw new IllegalStateException("the launcher is not above the working folder");
  }

  /** Kills what still runs, and gives back the devices that it had. */
  void endAll() throws IOException, InterruptedException {
    boolean isLeft = started.stream().anyMatch(Process::isAlive);
    for (Process process : started) {
      process.destroyForcibly().waitFor();
    }
    if (isLeft) {
      start("clean-up", List.of("pci", "recover")).exitCode();
    }
  }

  /** One command under way or at its end; the JVM has the launcher's process for its own. */
  record Run(Path file, Process process) {
    /** What it has written so far, errors too. */
    String output() throws IOException {
      return Files.readString(file);
    }

    long pid() {
      return process.pid();
    }

    /** Gives it a text on its standard input. */
    void type(String text) throws IOException {
      process.getOutputStream().write(text.getBytes(StandardCharsets.UTF_8));
      process.getOutputStream().flush();
    }

    void terminate() {
      process.destroy();
    }

    void kill() {
      process.destroyForcibly();
    }

    /** Waits for its end. */
    int exitCode() throws InterruptedException, IOException {
      assertThat(process.waitFor(LIMIT_SECONDS, TimeUnit.SECONDS)).as(output()).isTrue();
      return process.exitValue();
    }

    /** Waits until it has written {@code text}. */
    void await(String text) throws InterruptedException, IOException {
      long end = System.nanoTime() + TimeUnit.SECONDS.toNanos(LIMIT_SECONDS);
      while (!output().contains(text)) {
        assertThat(process.isAlive()).as(output()).isTrue();
        assertThat(System.nanoTime()).as(output()).isLessThan(end);
        Thread.sleep(50);
      }
    }
  }
}
