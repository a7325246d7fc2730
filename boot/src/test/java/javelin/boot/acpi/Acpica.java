package javelin.boot.acpi;

import static org.assertj.core.api.Assertions.assertThat;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import java.io.File;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.concurrent.TimeUnit;
import java.util.stream.Stream;

/** The reference tools of ACPICA: iasl takes tables apart and puts them together, acpiexec runs. */
final class Acpica {
  private static final int TIMEOUT_SECONDS = 30;

  private final Path directory;

  private Acpica(Path directory) {
    this.directory = directory;
  }

  /** Returns the tools, at work in {@code directory}; skips the test where they are missing. */
  static Acpica in(Path directory) {
    for (String tool : List.of("iasl", "acpiexec")) {
      assumeTrue(
          Stream.of(System.getenv("PATH").split(File.pathSeparator))
              .anyMatch(folder -> Files.isExecutable(Path.of(folder, tool))),
          tool + " is not installed (Debian: apt install acpica-tools)");
    }
    return new Acpica(directory);
  }

  /** Returns the source of a table; the disassembler must have nothing to say against it. */
  String disassemble(String name, byte[] table) throws IOException, InterruptedException {
    Files.write(directory.resolve(name + ".dat"), table);
    assertNoComplaint(run("iasl", "-d", name + ".dat"));
    return Files.readString(directory.resolve(name + ".dsl"));
  }

  /** Returns what the compiler makes of the source that {@link #disassemble} wrote. */
  byte[] recompile(String name) throws IOException, InterruptedException {
    String output = run("iasl", "-oa", "-p", name, name + ".dsl");
    assertThat(output).contains("0 Errors, 0 Warnings, 0 Remarks");
    return Files.readAllBytes(directory.resolve(name + ".aml"));
  }

  /** Loads an AML table into the reference interpreter and returns what the commands print. */
  String execute(byte[] table, String commands) throws IOException, InterruptedException {
    Files.write(directory.resolve("run.aml"), table);
    String output = run("acpiexec", "-b", commands, "run.aml");
    assertNoComplaint(output);
    return output;
  }

  private static void assertNoComplaint(String output) {
    assertThat(output).doesNotContainPattern("(?i)\\b(error|warning|exception)");
  }

  private String run(String... command) throws IOException, InterruptedException {
    Path output = directory.resolve("output");
    Process process =
        new ProcessBuilder(command)
            .directory(directory.toFile())
            .redirectErrorStream(true)
            .redirectInput(new File("/dev/null"))
            .redirectOutput(output.toFile())
            .start();
    try {
      assertThat(process.waitFor(TIMEOUT_SECONDS, TimeUnit.SECONDS)).as("end of a tool").isTrue();
    } finally {
      process.destroyForcibly();
    }
    String text = Files.readString(output);
    assertThat(process.exitValue()).as(text).isZero();
    return text;
  }
}
