package javelin.perf.bench;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Optional;
import javelin.boot.cli.CommandException;
import javelin.boot.cli.ExitCode;

/** Programs of this machine that benches use. */
public final class HostTool {
  private HostTool() {}

  /** The program called {@code name}, a path or a name to be looked for in PATH. */
  public static Optional<Path> find(String name) {
    if (name.contains("/")) {
      return Optional.of(Path.of(name)).filter(Files::isExecutable);
    }
    for (String folder : System.getenv().getOrDefault("PATH", "").split(":", -1)) {
      Path file = Path.of(folder, name);
      if (Files.isExecutable(file) && !Files.isDirectory(file)) {
        return Optional.of(file);
      }
    }
    return Optional.empty();
  }

  /**
   * As above.
   *
   * @throws CommandException where it is missing, with the Debian package that has it
   */
  public static Path require(String name, String debianPackage) {
    return find(name)
        .orElseThrow(
            () -> new CommandException(ExitCode.START_ERROR, missing(name, debianPackage)));
  }

  /** What is said where it is missing. */
  public static String missing(String name, String debianPackage) {
    return name + " is needed; on Debian or Ubuntu, as root: apt install " + debianPackage;
  }

  /**
   * What a program says, errors too, to its end.
   *
   * @throws IOException where that is a bad one, with what it said
   */
  public static String output(String... command) throws IOException, InterruptedException {
    Process process = new ProcessBuilder(command).redirectErrorStream(true).start();
    process.getOutputStream().close();
    String said = new String(process.getInputStream().readAllBytes(), StandardCharsets.UTF_8);
    if (process.waitFor() != 0) {
      throw new IOException(String.join(" ", command) + ": " + said.strip());
    }
    return said;
  }
}
