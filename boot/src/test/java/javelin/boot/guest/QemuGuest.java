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
import java.util.Optional;
import java.util.concurrent.TimeUnit;
import javelin.boot.guest.assign.PciPlatform;
import javelin.devices.pci.AddressWindow;

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
   * A q35, where INTx of slots 0 to 24 is on GSIs 20 to 23; where nothing answers, zeros are read.
   */
  public static PciPlatform q35() {
    return q35(20);
  }

  /** As above, with the pins elsewhere. */
  public static PciPlatform q35(int firstGsi) {
    return new PciPlatform(
        new AddressWindow(0xc000_0000L, 0x2000_0000L),
        Optional.of(new AddressWindow(0x80_0000_0000L, 0x40_0000_0000L)),
        new AddressWindow(0x1000, 0xf000),
        firstGsi,
        4,
        0,
        SLEEP_TYPE);
  }

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
    return run(List.of(QEMU), folder, program, cpus, memory, options, devices);
  }

  /** As above, on another QEMU than the installed one: the command that starts it. */
  public static Run run(
      List<String> qemuCommand,
      Path folder,
      GuestProgram program,
      String cpus,
      String memory,
      List<String> options,
      String... devices)
      throws IOException, InterruptedException {
    Path kernel = Files.write(folder.resolve("guest.elf"), ElfWriter.write(program));
    return runKernel(qemuCommand, folder, kernel, cpus, memory, options, devices);
  }

  /** As above, with a kernel of any kind. */
  public static Run runKernel(
      List<String> qemuCommand,
      Path folder,
      Path kernel,
      String cpus,
      String memory,
      List<String> options,
      String... devices)
      throws IOException, InterruptedException {
    File console = folder.resolve("console").toFile();
    List<String> command = new ArrayList<>(qemuCommand);
    command.addAll(List.of("-M", "q35", "-accel", "tcg", "-cpu", "max"));
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
