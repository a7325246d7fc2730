package javelin.boot.guest.bench;

import static javelin.boot.guest.QemuGuest.DEBUG_EXIT;
import static org.assertj.core.api.Assertions.assertThat;

import java.nio.file.Files;
import java.nio.file.Path;
import java.util.EnumSet;
import java.util.List;
import java.util.Set;
import java.util.regex.MatchResult;
import java.util.regex.Pattern;
import javelin.boot.guest.QemuGuest;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/** The guest that measures a device, on QEMU's own device models. */
@Timeout(120)
final class AssignBenchOnQemuTest {
  private static final int SAMPLES = 40;
  private static final int LENGTH = 1 << 20;
  private static final Set<AssignCase> ALL = EnumSet.allOf(AssignCase.class);
  private static final Set<AssignCase> TRANSFERS =
      EnumSet.range(AssignCase.READ_4K_DEPTH_1, AssignCase.WRITE_4K_DEPTH_32);

  @TempDir Path folder;

  private String run(Set<AssignCase> cases, String... devices) throws Exception {
    Path disk = Files.write(folder.resolve("disk.img"), new byte[LENGTH]);
    AssignPlan plan = new AssignPlan(cases, SAMPLES, 4);
    QemuGuest.Run run =
        QemuGuest.run(
            folder,
            AssignBenchGuest.program(QemuGuest.q35(), plan),
            "1",
            "128",
            List.of("-drive", "if=none,id=disk,format=raw,file=" + disk),
            devices);
    assertThat(run.console()).contains("@done", "checks passed").doesNotContain("FAILED");
    assertThat(run.exitCode()).isZero();
    return run.console();
  }

  private static void assertMeasured(String console, Set<AssignCase> cases) {
    for (AssignCase which : cases) {
      assertThat(samples(console, which)).as(which.id() + " in\n" + console).hasSize(SAMPLES);
    }
  }

  /** Ticks of a case; none may be negative. */
  private static List<Long> samples(String console, AssignCase which) {
    String[] parts = console.split("@case " + which.id() + "\r?\n", 2);
    if (parts.length < 2) {
      return List.of();
    }
    String ticks = parts[1].lines().takeWhile(l -> l.startsWith("@ticks")).toList().toString();
    return Pattern.compile("\\b[0-9a-f]+\\b")
        .matcher(ticks.replace("@ticks", ""))
        .results()
        .map(MatchResult::group)
        .map(digits -> Long.parseLong(digits, 16))
        .toList();
  }

  @Test
  void shouldTakeTheTimesOfEdu() throws Exception {
    String console = run(ALL, DEBUG_EXIT, "edu,addr=3");
    assertMeasured(
        console,
        EnumSet.of(
            AssignCase.READ_REGISTER,
            AssignCase.DOORBELL_INTX,
            AssignCase.DOORBELL_MSI,
            AssignCase.DOORBELL_AWAKE));
    assertThat(console).contains("@skip doorbell-msix edu has no MSI-X");
  }

  @Test
  void shouldTakeTheTimesOfAnNvmeControllerAndWriteOnlyWhenTold() throws Exception {
    String device = "nvme,serial=x,drive=disk";
    Set<AssignCase> reading = EnumSet.copyOf(ALL);
    reading.removeAll(AssignCase.of(EnumSet.of(AssignCase.Kind.DISK_WRITE)));
    String console = run(reading, DEBUG_EXIT, device);
    reading.remove(AssignCase.DOORBELL_MSI);
    assertMeasured(console, reading);
    assertThat(console)
        .contains("@skip doorbell-msi this controller has no MSI", "@count errors 0")
        .doesNotContain("write", "@count errors 1");
    assertMeasured(run(TRANSFERS, DEBUG_EXIT, device), TRANSFERS);
  }

  @Test
  void shouldTakeTheTimesOfAVirtioDisk() throws Exception {
    String console = run(ALL, DEBUG_EXIT, "virtio-blk-pci,disable-legacy=on,drive=disk");
    assertMeasured(console, TRANSFERS);
    assertMeasured(
        console,
        EnumSet.of(AssignCase.READ_REGISTER, AssignCase.DOORBELL_MSIX, AssignCase.DOORBELL_AWAKE));
    assertThat(console).contains("@count errors 0").doesNotContain("@count errors 1");
  }

  @Test
  void shouldCountOperationsThatFail() throws Exception {
    Path disk = Files.write(folder.resolve("read-only.img"), new byte[LENGTH]);
    QemuGuest.Run run =
        QemuGuest.run(
            folder,
            AssignBenchGuest.program(
                QemuGuest.q35(), new AssignPlan(Set.of(AssignCase.WRITE_4K_DEPTH_1), SAMPLES, 4)),
            "1",
            "128",
            List.of("-drive", "if=none,id=disk,format=raw,readonly=on,file=" + disk),
            DEBUG_EXIT,
            "virtio-blk-pci,disable-legacy=on,drive=disk");
    assertThat(run.console()).contains("@count errors " + (SAMPLES + 4), "@done");
  }

  @Test
  void shouldTakeTheTimesOfAnEthernetAdapter() throws Exception {
    assertMeasured(
        run(ALL, DEBUG_EXIT, "e1000e"),
        EnumSet.range(AssignCase.READ_REGISTER, AssignCase.DOORBELL_AWAKE));
  }

  @Test
  void shouldReadNoRegisterOfADeviceThatItDoesNotKnow() throws Exception {
    String console = run(ALL, DEBUG_EXIT, "pci-testdev");
    assertThat(console)
        .contains("@skip read-register the measuring guest has no driver for this device")
        .doesNotContain("@case");
  }
}
