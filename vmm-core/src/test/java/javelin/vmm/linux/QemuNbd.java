package javelin.vmm.linux;

import static org.junit.jupiter.api.Assumptions.assumeTrue;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.TimeUnit;

/** A qemu-nbd process (Debian: qemu-utils) with an image, at a Unix socket. */
public final class QemuNbd implements AutoCloseable {
  private final Process process;
  private final Path socket;

  /** Serves a new qcow2 image of {@code size} at {@code folder} to several clients. */
  public QemuNbd(Path folder, String size) throws IOException, InterruptedException {
    Path image = folder.resolve("disk.qcow2");
    run("qemu-img", "create", "-q", "-f", "qcow2", image.toString(), size);
    socket = folder.resolve("qemu-nbd.sock");
    List<String> command = new ArrayList<>(List.of("qemu-nbd", "-f", "qcow2", "--shared=8"));
    command.addAll(List.of("--persistent", "--discard=unmap", "--socket=" + socket));
    command.add(image.toString());
    process = new ProcessBuilder(command).inheritIO().start();
    long deadline = System.nanoTime() + TimeUnit.SECONDS.toNanos(10);
    while (!Files.exists(socket)) {
      if (!process.isAlive() || System.nanoTime() > deadline) {
        process.destroyForcibly();
        throw new IOException("qemu-nbd does not start");
      }
      Thread.sleep(10);
    }
  }

  /** Skips the test where there is none. */
  public static void assume() {
    boolean isThere;
    try {
      isThere = run("qemu-nbd", "--version") == 0;
    } catch (IOException | InterruptedException e) {
      isThere = false;
    }
    assumeTrue(isThere, "no qemu-nbd here: apt install qemu-utils");
  }

  private static int run(String... command) throws IOException, InterruptedException {
    return new ProcessBuilder(command)
        .redirectErrorStream(true)
        .redirectOutput(ProcessBuilder.Redirect.DISCARD)
        .start()
        .waitFor();
  }

  /** Where it listens. */
  public Path socket() {
    return socket;
  }

  @Override
  public void close() {
    process.destroy();
    try {
      if (!process.waitFor(10, TimeUnit.SECONDS)) {
        process.destroyForcibly().waitFor();
      }
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
    }
  }

  /** Kills it, as a host does that is short of memory. */
  public void kill() {
    process.destroyForcibly();
  }
}
