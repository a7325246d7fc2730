package javelin.perf.exits;

import java.io.IOException;
import java.io.InputStream;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.HexFormat;
import java.util.List;
import java.util.Locale;
import java.util.concurrent.TimeUnit;
import javelin.boot.cli.CommandException;
import javelin.boot.cli.ExitCode;

/**
 * Runs an exit loop by the plain C program {@code exits.c}, compiled anew in a folder of its own.
 */
final class CLoop implements AutoCloseable {
  private static final String SOURCE = "exits.c";
  private static final long LIMIT_MINUTES = 5;

  private final Path folder;

  private CLoop(Path folder) {
    this.folder = folder;
  }

  /**
   * Compiles the program.
   *
   * @param compiler the compiler's command, such as {@code gcc}
   * @return null where there is no such compiler
   * @throws CommandException where it does not compile the program
   */
  static CLoop compile(String compiler) throws IOException, InterruptedException {
    CLoop loop = new CLoop(Files.createTempDirectory("javelin-perf"));
    boolean done = false;
    try (InputStream source = CLoop.class.getResourceAsStream(SOURCE)) {
      Files.copy(source, loop.folder.resolve(SOURCE));
      Process process;
      try {
        process = loop.start(compiler, "-O2", "-o", loop.program(), SOURCE);
      } catch (IOException e) {
        return null;
      }
      process.getInputStream().transferTo(java.io.OutputStream.nullOutputStream());
      loop.await(process, compiler);
      done = true;
      return loop;
    } finally {
      if (!done) {
        loop.close();
      }
    }
  }

  private String program() {
    return folder.resolve("exits").toString();
  }

  private Path errors() {
    return folder.resolve("errors");
  }

  private Process start(String... command) throws IOException {
    return new ProcessBuilder(command)
        .directory(folder.toFile())
        .redirectError(errors().toFile())
        .start();
  }

  private void await(Process process, String name) throws IOException, InterruptedException {
    if (!process.waitFor(LIMIT_MINUTES, TimeUnit.MINUTES)) {
      process.destroyForcibly();
      throw new CommandException(
          ExitCode.START_ERROR, name + " has not ended after " + LIMIT_MINUTES + " minutes");
    }
    if (process.exitValue() != 0) {
      throw new CommandException(
          ExitCode.START_ERROR,
          "%s failed: %s".formatted(name, Files.readString(errors(), StandardCharsets.UTF_8)));
    }
  }

  /**
   * Runs {@code loop} until it has left the guest {@code warmup + count} times.
   *
   * @throws CommandException where the program fails
   */
  Samples run(ExitLoop loop, int warmup, int count) throws IOException, InterruptedException {
    List<String> command =
        List.of(
            program(),
            HexFormat.of().formatHex(loop.code()),
            Integer.toString(LoopMachine.RAM_BYTES),
            loop.name().toLowerCase(Locale.ROOT),
            Integer.toString(loop.target()),
            Integer.toString(warmup),
            Integer.toString(count));
    Process process = start(command.toArray(String[]::new));
    byte[] bytes = process.getInputStream().readAllBytes();
    await(process, "the C program");
    if (bytes.length != count * Long.BYTES) {
      throw new IllegalStateException(
          "the C program wrote " + bytes.length + " bytes for " + count + " exits");
    }
    long[] nanos = new long[count];
    ByteBuffer.wrap(bytes).order(ByteOrder.nativeOrder()).asLongBuffer().get(nanos);
    return new Samples(nanos, 0);
  }

  @Override
  public void close() throws IOException {
    try (var files = Files.list(folder)) {
      for (Path file : files.toList()) {
        Files.delete(file);
      }
    }
    Files.delete(folder);
  }
}
