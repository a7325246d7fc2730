package javelin.boot.guest.selftest;

import static javelin.boot.guest.QemuGuest.DEBUG_EXIT;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.nio.file.Path;
import javelin.boot.guest.QemuGuest;
import javelin.boot.guest.QemuGuest.Run;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** The guest on QEMU. */
final class SelfTestGuestTest {
  private static final String TEST_DEVICE = "pc-testdev";

  @TempDir Path folder;

  @Test
  void shouldPassAllChecksAndPowerOffOnQemu() throws Exception {
    Run run = run("4", "200", DEBUG_EXIT, TEST_DEVICE);
    assertThat(run.console())
        .contains("started by PVH", "199 MiB of RAM: ok", "4 of 4 up, APIC ids 0 1 2 3: ok")
        .containsPattern("All \\d+ checks passed")
        .doesNotContain("FAILED");
    assertThat(run.exitCode()).isZero();
  }

  @Test
  void shouldReachRamAbove4GibWhenThereIsSome() throws Exception {
    Run run = run("1", "3G", DEBUG_EXIT, TEST_DEVICE);
    assertThat(run.console())
        .contains("0x100000000-0x13fffffff RAM", "3071 MiB of RAM: ok", "1 of 1 up")
        .containsPattern("All \\d+ checks passed");
  }

  @Test
  void shouldNameWhatFailedAndLeaveByDebugExitWhenDeviceIsMissing() throws Exception {
    Run run = run("1", "128", DEBUG_EXIT);
    assertThat(run.console())
        .contains("[FAILED: 32-bit port round trip]", "[FAILED: 64-bit MMIO round trip]")
        .contains("FAILED: 9 of ", "first: 32-bit port round trip")
        .doesNotContain("checks passed");
    assertThat(run.exitCode()).isEqualTo(9 << 1 | 1);
  }

  @Test
  void shouldPowerOffAfterFailureWhenThereIsNoDebugExit() throws Exception {
    Run run = run("1", "128");
    assertThat(run.console()).contains("FAILED: 9 of ");
    assertThat(run.exitCode()).isZero();
  }

  @Test
  void shouldRefuseSleepTypeOfMoreThanThreeBits() {
    assertThatThrownBy(() -> SelfTestGuest.program(8)).isInstanceOf(IllegalArgumentException.class);
    assertThatThrownBy(() -> SelfTestGuest.program(-1))
        .isInstanceOf(IllegalArgumentException.class);
  }

  private Run run(String cpus, String memory, String... devices) throws Exception {
    return QemuGuest.run(
        folder, SelfTestGuest.program(QemuGuest.SLEEP_TYPE), cpus, memory, devices);
  }
}
