package javelin.boot.labtest;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.fail;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.TimeUnit;
import java.util.function.UnaryOperator;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import javelin.boot.guest.GuestInitramfs;
import javelin.boot.kernel.BootProtocol;
import javelin.boot.machine.GuestBalloon;
import javelin.boot.machine.GuestImage;
import javelin.boot.machine.MachineConfig;
import javelin.boot.machine.PcMachine;
import javelin.devices.console.MemoryBackend;
import javelin.vmm.kvm.FeatureSwitch;
import javelin.vmm.linux.Linux;
import javelin.vmm.machine.ExitKind;
import javelin.vmm.machine.StopReason;
import javelin.vmm.memory.RamConfig;

/**
 * A stock Linux kernel with a busybox initramfs, run in this JVM. Its init says what it finds, then
 * obeys lines from the console: {@code off}, {@code again} (reboot), {@code panic}, {@code sleep},
 * or any command of the shell. Modules in its initramfs are loaded first.
 */
final class LinuxGuest implements AutoCloseable {
  private static final long BOOT_MILLIS = TimeUnit.SECONDS.toMillis(240);
  private static final String COMMAND_LINE = "console=ttyS0 quiet nokaslr panic=-1";

  /**
   * QEMU, to 11.1 at least, remembers the vector that a nested VMRUN injected until the next exit
   * or exception, and delivers it once more if one of its own threads stops the processor before,
   * as its RCU does after each change of its memory map, such as a BAR that moves: then a guest's
   * timer interrupt is interrupted by itself and waits for its own locks. With an exit at the end
   * of each interrupt that time is short.
   */
  private static final List<FeatureSwitch> FEATURES = FeatureSwitch.parse("-kvm-pv-eoi");

  private static final String INIT =
      """
      #!/bin/busybox sh
      /bin/busybox --install -s /bin
      mount -t proc proc /proc
      mount -t sysfs sys /sys
      mount -t devtmpfs dev /dev
      for module in $(cat /modules/order 2> /dev/null); do insmod /modules/$module.ko; done
      echo "FACTS cpus=$(nproc) kib=$(sed -n 's/MemTotal: *//p' /proc/meminfo) date=$(date +%s)"
      echo "PCI $(cat /sys/bus/pci/devices/0000:00:00.0/class)"
      while echo READY; read -r line; do
        case $line in
          off) poweroff -f ;;
          again) reboot -f ;;
          panic) echo 1 > /proc/sys/kernel/sysrq; echo c > /proc/sysrq-trigger ;;
          sleep) echo "BEFORE $(cut -d' ' -f1 /proc/uptime)"; sleep 5
            echo "AFTER $(cut -d' ' -f1 /proc/uptime)" ;;
          *) eval "$line"; echo "STATUS $?" ;;
        esac
      done
      """;

  private final MemoryBackend serial = new MemoryBackend();
  private final PcMachine machine;
  private final CompletableFuture<StopReason> stopped = new CompletableFuture<>();
  private final Thread runner;
  private volatile String crash = "";

  /** Set when it has not answered in time: it is asked no more then. */
  private boolean isLost;

  LinuxGuest(Path kernel, Path initramfs, UnaryOperator<MachineConfig.Builder> options) {
    MachineConfig.Builder builder =
        MachineConfig.builder()
            .guest(new GuestImage.KernelFile(kernel, initramfs, COMMAND_LINE, BootProtocol.AUTO))
            .ram(RamConfig.of(256 << 20))
            .cpuFeatures(FEATURES)
            .timeout(Duration.ofMinutes(8));
    machine = new PcMachine(Linux.system(), options.apply(builder).build(), loop -> serial);
    runner = new Thread(this::run, "guest");
    runner.start();
  }

  private void run() {
    try {
      StopReason reason = machine.run();
      if (reason instanceof StopReason.Crashed crashed) {
        crash = "\n" + machine.crashReport(crashed.crash());
      }
      stopped.complete(reason);
    } catch (InterruptedException | RuntimeException e) {
      stopped.completeExceptionally(e);
    }
  }

  /** What the guest wrote to its console so far, and how it crashed if it did. */
  String console() {
    return serial.text() + crash;
  }

  /** Waits until {@code text} stands in the console's output {@code times} times. */
  void await(String text, int times) throws InterruptedException {
    assertThat(isLost).as("the guest has not answered before").isFalse();
    isLost = true;
    long deadline = System.nanoTime() + TimeUnit.MILLISECONDS.toNanos(BOOT_MILLIS);
    while (console().split(text, -1).length - 1 < times) {
      assertThat(stopped).as(console()).isNotDone();
      if (System.nanoTime() > deadline) {
        fail("waited for " + text + " in:\n" + console() + whereItStands());
      }
      Thread.sleep(20);
    }
    isLost = false;
  }

  /** Ends the guest, and says where its processors were and what the host's kernel has seen. */
  private String whereItStands() throws InterruptedException {
    machine.stop("a test that waits for the guest");
    runner.join(BOOT_MILLIS);
    StringBuilder text = new StringBuilder();
    for (int i = 0; i < machine.stats().size(); i++) {
      text.append("\nvCPU ").append(i).append(" stands at:\n");
      text.append(String.join("\n", machine.vcpuReport(i).lines()));
    }
    return text + "\nThe host's kernel says:\n" + HostSays.endOfKernelLog();
  }

  /** Waits for the first prompt of init. */
  LinuxGuest ready() throws InterruptedException {
    await("READY", 1);
    return this;
  }

  /** Reboots it, and waits until it is there again. */
  void reboot() throws InterruptedException {
    int starts = console().split("FACTS", -1).length;
    int prompts = console().split("READY", -1).length;
    type("again");
    await("FACTS", starts);
    await("READY", prompts);
  }

  /** Types a line. */
  void type(String line) {
    serial.type(line + "\n");
  }

  /** Runs a command of the shell in the guest; returns what it wrote, which must end well. */
  String shell(String command) throws InterruptedException {
    int before = console().length();
    int prompts = console().split("READY", -1).length;
    type(command);
    await("READY", prompts);
    String output = console().substring(before);
    assertThat(output).as("%s, in%n%s", command, console()).contains("STATUS 0");
    // The terminal echoes the line that was typed, maybe behind the rest of the prompt before it.
    int echo = output.indexOf(command);
    assertThat(echo).as("the echo of %s, in%n%s", command, output).isNotNegative();
    int start = output.indexOf('\n', echo) + 1;
    return output.substring(start, output.lastIndexOf("STATUS 0")).strip();
  }

  /** The number behind {@code name} in the console's output. */
  double number(String name) {
    Matcher matcher = Pattern.compile(name + "[ =]([0-9.]+)").matcher(console());
    assertThat(matcher.find()).as("%s in:%n%s", name, console()).isTrue();
    return Double.parseDouble(matcher.group(1));
  }

  /** Accesses to memory-mapped registers that Javelin had to answer so far. */
  long mmioExits() {
    return machine.stats().stream()
        .mapToLong(cpu -> cpu.count(ExitKind.MMIO_READ) + cpu.count(ExitKind.MMIO_WRITE))
        .sum();
  }

  /** Its balloon, which it must have. */
  GuestBalloon balloon() {
    return machine.balloon().orElseThrow();
  }

  /** Why the machine stopped, as soon as it has. */
  StopReason stopReason() throws Exception {
    return stopped.get(BOOT_MILLIS, TimeUnit.MILLISECONDS);
  }

  @Override
  public void close() {
    machine.stop("end of the test");
    try {
      runner.join(BOOT_MILLIS);
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
    }
    machine.close();
  }

  /** The lab's kernel, which serves as the guest's; outside the lab, the test is skipped. */
  static Path kernel() {
    String image = System.getenv("JAVELIN_LAB_KERNEL");
    assumeTrue(image != null, "not in the lab: JAVELIN_LAB_KERNEL names no kernel");
    return Path.of(image);
  }

  /** Writes the initramfs: busybox, init and {@code modules} in the order of loading. */
  static Path writeInitramfs(Path file, Map<String, byte[]> modules) throws IOException {
    return writeInitramfs(file, modules, Map.of());
  }

  /** As above, with programs, by their names in /bin. */
  static Path writeInitramfs(Path file, Map<String, byte[]> modules, Map<String, byte[]> programs)
      throws IOException {
    return GuestInitramfs.write(file, modules, programs, INIT);
  }

  /** Lays a root file system for a disk out in {@code folder}, with the same init. */
  static void writeRoot(Path folder) throws IOException {
    for (String name : new String[] {"bin", "sbin", "proc", "sys", "dev"}) {
      Files.createDirectories(folder.resolve(name));
    }
    Files.copy(GuestInitramfs.requireBusybox(), folder.resolve("bin/busybox"));
    Path init = Files.writeString(folder.resolve("sbin/init"), INIT);
    assertThat(init.toFile().setExecutable(true)).isTrue();
  }
}
