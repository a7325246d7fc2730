package javelin.boot.guest.assign;

import static javelin.boot.guest.QemuGuest.DEBUG_EXIT;
import static org.assertj.core.api.Assertions.assertThat;

import java.nio.file.Path;
import javelin.boot.guest.QemuGuest;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/** The guest on QEMU's own device models, on the root bus, where firmware has placed them. */
@Timeout(120)
final class AssignCheckOnQemuTest {
  @TempDir Path folder;

  private QemuGuest.Run run(PciPlatform platform, String... devices) throws Exception {
    return QemuGuest.run(folder, AssignCheckGuest.program(platform), "1", "128", devices);
  }

  private String passing(String... devices) throws Exception {
    QemuGuest.Run run = run(QemuGuest.q35(), devices);
    assertThat(run.console()).containsPattern("All \\d+ checks passed").doesNotContain("FAILED");
    assertThat(run.exitCode()).isZero();
    return run.console();
  }

  @Test
  void shouldDriveEdu() throws Exception {
    assertThat(passing(DEBUG_EXIT, "edu,addr=3"))
        .contains(
            "00:03.0 1234:11e8 class 00ff00",
            "BAR 0: 32-bit memory, 0x100000 bytes at 0xc0000000: ok",
            "capabilities (MSI): ok",
            "move: first memory BAR to 0xc0100000 and back with decode on: ok",
            "edu: INTx, level-triggered, 3 in a row: ok",
            "edu: MSI, 3 in a row: ok",
            "edu: factorial by polling, by interrupt: ok",
            "edu: DMA, 1024 bytes to the device and back: ok");
  }

  @Test
  void shouldCountWritesOfPciTestdevAndReach64BitBars() throws Exception {
    assertThat(passing(DEBUG_EXIT, "pci-testdev,membar=1M", "virtio-rng-pci"))
        .contains(
            "BAR 2: 64-bit memory, prefetchable, 0x100000 bytes at 0x8000000000: ok",
            "MSI-X: 2 vectors, their entries hold address, data and mask: ok",
            "pci-testdev: MMIO, test mmio-no-eventfd: ok",
            "pci-testdev: PIO, test portio-no-eventfd: ok");
  }

  @Test
  void shouldResetAnNvmeControllerAndHaveItIdentifyItself() throws Exception {
    assertThat(passing(DEBUG_EXIT, "nvme,serial=jv42"))
        .contains(
            "reset: FLR by PCI Express: ok",
            "MSI-X: 65 vectors, their entries hold address, data and mask: ok",
            "nvme: Identify by MSI-X serial \"jv42\" model \"QEMU NVMe Ctrl\": ok",
            "nvme: CC.EN and CSTS.RDY after the reset: ok");
  }

  @Test
  void shouldHearInterruptsOfE1000sByAllWaysTheyHave() throws Exception {
    assertThat(passing(DEBUG_EXIT, "e1000,mac=52:54:00:12:34:aa", "e1000e,mac=52:54:00:12:34:bb"))
        .contains(
            "MAC 52 54 00 12 34 aa: ok",
            "MAC 52 54 00 12 34 bb: ok",
            "extended capabilities (AER) (serial number): ok",
            "e1000: INTx, 3 in a row: ok",
            "e1000: MSI, 3 in a row",
            "e1000: MSI-X, 3 in a row");
  }

  @Test
  void shouldFindFunctionsOfOneDevice() throws Exception {
    assertThat(
            passing(
                DEBUG_EXIT,
                "edu,addr=3.0,multifunction=on",
                "pci-testdev,addr=3.5",
                "pci-testdev,addr=4.0"))
        .contains("00:03.0 1234:11e8", "00:03.5 1b36:0005", "00:04.0 1b36:0005");
  }

  @Test
  void shouldNameWhatFailedWhenInterruptsGoElsewhere() throws Exception {
    QemuGuest.Run run = run(QemuGuest.q35(16), DEBUG_EXIT, "edu,addr=3");
    assertThat(run.console())
        .contains("3 in a row interrupts: 0 [FAILED: interrupt 1 is one INTx]")
        .contains("edu: MSI, 3 in a row: ok")
        .contains("first: interrupt 1 is one INTx");
    assertThat(run.exitCode()).isNotZero();
  }
}
