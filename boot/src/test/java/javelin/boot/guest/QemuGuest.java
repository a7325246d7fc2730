package javelin.boot.guest;

import static org.assertj.core.api.Assertions.assertThat;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import java.io.File;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.concurrent.TimeUnit;

/**
 * Runs guests, through their PVH entry, on a machine that is not ours: QEMU without KVM. What
 * passes there and fails on our machine is our machine's fault.
 */
public final class QemuGuest {
  /** S5 of QEMU's q35. */
  public static final int SLEEP_TYPE = 0;

  /** A debug exit port where ours is. */
  public static final String DEBUG_EXIT = "isa-debug-exit,iobase=0xf4,iosize=4";

  private static final String QEMU = "qemu-system-x86_64";
  private static final int SECONDS = 60;

  /**
   * How a run ended.
   *
   * @param exitCode QEMU's
   * @param console what the guest wrote
   */
  public record Run(int exitCode, String console) {}

  private QemuGuest() {}

  /**
   * Runs a guest on a q35 with {@code devices} added, in {@code folder}; skips the test where there
   * is no QEMU.
   */
  public static Run run(
      Path folder, GuestProgram program, String cpus, String memory, String... devices)
      throws IOException, InterruptedException {
    return run(folder, program, cpus, memory, List.of(), devices);
  }

  /** As above, with {@code options} of QEMU's own. */
  public static Run run(
      Path folder,
      GuestProgram program,
      String cpus,
      String memory,
      List<String> options,
      String... devices)
      throws IOException, InterruptedException {
    assumeTrue(onPath(), QEMU + " is not installed");
    Path kernel = Files.write(folder.resolve("guest.elf"), ElfWriter.write(program));
    File console = folder.resolve("console").toFile();
    List<String> command =
        new ArrayList<>(List.of(QEMU, "-M", "q35", "-accel", "tcg", "-cpu", "max"));
    command.addAll(List.of("-smp", cpus, "-m", memory, "-kernel", kernel.toString()));
    command.addAll(List.of("-nodefaults", "-display", "none", "-no-reboot", "-serial", "stdio"));
    command.addAll(options);
    Arrays.stream(devices).forEach(device -> command.addAll(List.of("-device", device)));
    Process qemu =
        new ProcessBuilder(command).redirectErrorStream(true).redirectOutput(console).start();
    try {
      assertThat(qemu.waitFor(SECONDS, TimeUnit.SECONDS))
          .as(() -> "QEMU ended after " + read(console))
          .isTrue();
      return new Run(qemu.exitValue(), Files.readString(console.toPath()));
    } finally {
      qemu.destroyForcibly();
    }
  }

  private static String read(File console) {
    try {
      return Files.readString(console.toPath());
    } catch (IOException e) {
      return e.toString();
    }
  }

  private static boolean onPath() {
    return Arrays.stream(System.getenv("PATH").split(File.pathSeparator, -1))
        .anyMatch(folder -> Files.isExecutable(Path.of(folder, QEMU)));
  }
}
