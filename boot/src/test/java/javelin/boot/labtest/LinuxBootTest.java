package javelin.boot.labtest;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Map;
import java.util.function.UnaryOperator;
import javelin.boot.kernel.VmlinuxExtractor;
import javelin.boot.machine.MachineConfig;
import javelin.boot.machine.ResetPolicy;
import javelin.vmm.linux.NoLeaks;
import javelin.vmm.machine.StopReason;
import javelin.vmm.memory.RamConfig;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/** The lab's own kernel as a guest: from bzImage and ELF, its CPUs, RAM, time, console and end. */
@Tag("lab")
@Timeout(900)
final class LinuxBootTest {
  private static final int BOOTS = 10;
  private static final double KIB_PER_GIB = 1 << 20;

  @TempDir static Path folder;
  private static Path bzImage;
  private static Path vmlinux;
  private static Path initramfs;

  @BeforeAll
  static void prepare() throws Exception {
    bzImage = LinuxGuest.kernel();
    vmlinux = Files.write(folder.resolve("vmlinux"), VmlinuxExtractor.extract(bzImage));
    initramfs = LinuxGuest.writeInitramfs(folder.resolve("initramfs.cpio"), Map.of());
  }

  private static LinuxGuest boot(Path kernel, UnaryOperator<MachineConfig.Builder> options)
      throws InterruptedException {
    return new LinuxGuest(kernel, initramfs, options).ready();
  }

  private static void switchOff(LinuxGuest guest) throws Exception {
    guest.type("off");
    assertThat(guest.stopReason()).as(guest.console()).isEqualTo(new StopReason.PoweredOff());
  }

  @Test
  void shouldBootTenTimesWithOneAndTwoCpusAndLeaveNothingBehind() throws Exception {
    bootAndSwitchOff(bzImage, 1); // What the JVM opens once is open from here on.
    NoLeaks.noLeaks(
        () -> {
          for (int i = 1; i < BOOTS; i++) {
            bootAndSwitchOff(i % 2 == 0 ? bzImage : vmlinux, i % 4 < 2 ? 2 : 1);
          }
        });
  }

  private static void bootAndSwitchOff(Path kernel, int cpus) throws Exception {
    try (LinuxGuest guest = boot(kernel, config -> config.cpus(cpus))) {
      assertThat(guest.number("cpus")).as(guest.console()).isEqualTo(cpus);
      assertThat(guest.console()).contains("PCI 0x060000");
      switchOff(guest);
    }
  }

  @Test
  void shouldSeeAllItsRamAndKeepTime() throws Exception {
    try (LinuxGuest guest = boot(bzImage, config -> config.cpus(2).ram(RamConfig.of(5L << 30)))) {
      // The kernel keeps its own code and the page descriptors, under a tenth, to itself.
      assertThat(guest.number("kib") / KIB_PER_GIB).isBetween(4.5, 5.0);
      assertThat(guest.number("date")).isCloseTo(System.currentTimeMillis() / 1000.0, within(60.0));

      guest.type("sleep");
      guest.await("BEFORE", 1);
      long start = System.nanoTime();
      guest.await("AFTER", 1);
      double seconds = (System.nanoTime() - start) / 1e9;

      assertThat(guest.number("AFTER") - guest.number("BEFORE")).isCloseTo(seconds, within(2.0));
      switchOff(guest);
    }
  }

  @Test
  void shouldStartAgainWhenTheGuestReboots() throws Exception {
    try (LinuxGuest guest = boot(bzImage, config -> config.cpus(2))) {
      guest.type("again");
      guest.await("READY", 2);
      assertThat(guest.console().split("cpus=2", -1)).hasSize(3);
      switchOff(guest);
    }
  }

  @Test
  void shouldEndWithThePanicsTextWhenResetsStopTheMachine() throws Exception {
    try (LinuxGuest guest = boot(bzImage, config -> config.onReset(ResetPolicy.STOP))) {
      guest.type("panic");
      assertThat(guest.stopReason()).isInstanceOf(StopReason.ResetRequested.class);
      assertThat(guest.console()).contains("Kernel panic - not syncing: sysrq triggered crash");
    }
  }
}
