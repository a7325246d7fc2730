package javelin.perf.assign;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.PrintWriter;
import java.io.Writer;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Instant;
import java.util.List;
import java.util.function.Supplier;
import javelin.boot.machine.AssignSpec;
import javelin.boot.machine.DiskSpec;
import javelin.perf.bench.BenchRun;
import javelin.perf.bench.Progress;
import javelin.perf.result.Counter;
import javelin.perf.result.Gap;
import javelin.perf.result.Outcome;
import javelin.perf.result.OutcomeTable;
import javelin.perf.result.Series;
import javelin.vmm.kvm.KvmAvailable;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/** Devices that Javelin serves itself, measured on KVM: counts, not times. */
@Tag("kvm")
@Timeout(240)
final class AssignRoundsOnKvmTest {
  private static final int COUNT = 20;
  private static final String READ = "register read";
  private static final String MSI = "doorbell to interrupt, MSI";
  private static final String MSIX = "doorbell to interrupt, MSI-X";
  private static final String INTX = "doorbell to interrupt, INTx";
  private static final String USER_EXITS = "to Javelin";

  @TempDir Path folder;

  @BeforeEach
  void needsKvm() {
    KvmAvailable.assumeKvm();
  }

  private static Outcome measure(
      int rounds, String device, Supplier<DiskSpec> disk, String... sides) throws Exception {
    Outcome outcome = new Outcome("assign", List.of(), Instant.EPOCH);
    Progress progress = new Progress(new PrintWriter(Writer.nullWriter()), false, System::nanoTime);
    AssignSpec spec = AssignSpec.parse("DEVICE", device, false);
    new AssignRounds(new BenchRun(outcome, progress), false, line -> {})
        .measure(Sides.of(spec, disk, disk != null, List.of(sides)), rounds, COUNT);
    return outcome;
  }

  private static long total(Outcome outcome, String name, String side, String what) {
    Series series = outcome.find(name, side).orElseThrow(() -> new AssertionError(text(outcome)));
    assertThat(series.n()).isEqualTo(COUNT);
    return series.counters().stream()
        .filter(counter -> counter.name().equals(what))
        .mapToLong(Counter::total)
        .findFirst()
        .orElseThrow();
  }

  private static String text(Outcome outcome) {
    return String.join("\n", OutcomeTable.lines(outcome));
  }

  @Test
  void shouldCountTheExitsOfEdu() throws Exception {
    Outcome outcome = measure(2, "demo", null, Sides.ASSIGNED);
    assertThat(total(outcome, READ, Sides.ASSIGNED, USER_EXITS)).isEqualTo(COUNT);
    // The doorbell; the handler reads the cause and acknowledges it.
    assertThat(total(outcome, MSI, Sides.ASSIGNED, USER_EXITS)).isEqualTo(3 * COUNT);
    assertThat(total(outcome, INTX, Sides.ASSIGNED, USER_EXITS)).isGreaterThanOrEqualTo(3 * COUNT);
    assertThat(outcome.find(READ, Sides.ASSIGNED).orElseThrow().rounds()).hasSize(2);
    assertThat(total(outcome, READ, Sides.ASSIGNED, "host CPU ns")).isPositive();
    assertThat(outcome.gaps())
        .contains(
            new Gap(MSIX, "edu has no MSI-X"),
            new Gap("4 KiB reads and writes", "this device has none"));
  }

  @Test
  void shouldMakeNoExitForAReadThatIsMapped() throws Exception {
    Outcome outcome =
        measure(1, "demo:msix", null, Sides.ASSIGNED, Sides.NO_MMAP, Sides.NO_RESAMPLE);
    assertThat(total(outcome, READ, Sides.ASSIGNED, USER_EXITS)).isZero();
    assertThat(total(outcome, READ, Sides.NO_MMAP, USER_EXITS)).isEqualTo(COUNT);
    assertThat(outcome.find(READ, Sides.NO_RESAMPLE)).isEmpty();
    assertThat(total(outcome, INTX, Sides.NO_RESAMPLE, USER_EXITS)).isPositive();
  }

  @Test
  void shouldReadAndWriteOneDiskAssignedAndByVirtio() throws Exception {
    Path disk = Files.write(folder.resolve("disk.img"), new byte[1 << 20]);
    DiskSpec spec = new DiskSpec(disk, false, "", 1);
    Outcome outcome =
        measure(1, "demo:nvme,disk=" + disk, () -> spec, Sides.ASSIGNED, Sides.VIRTIO);
    for (String side : List.of(Sides.ASSIGNED, Sides.VIRTIO)) {
      for (String name :
          List.of(
              "4 KiB read, depth 1",
              "4 KiB read on a schedule",
              "4 KiB read, depth 32",
              "4 KiB write, depth 1",
              "4 KiB write, depth 32")) {
        assertThat(total(outcome, name, side, USER_EXITS)).isNotNegative();
      }
    }
    // KVM hears the notifications itself, and signals the interrupts.
    assertThat(total(outcome, MSIX, Sides.VIRTIO, USER_EXITS)).isZero();
    assertThat(total(outcome, "4 KiB read, depth 32", Sides.VIRTIO, USER_EXITS)).isZero();
    assertThat(total(outcome, MSIX, Sides.VIRTIO, "thread wake-ups")).isBetween(1L, 2L * COUNT);
    assertThat(outcome.find("4 KiB read on a schedule", Sides.VIRTIO).orElseThrow().corrected())
        .isTrue();
  }

  @Test
  void shouldKeepTheOtherSidesWhenOneFails() throws Exception {
    DiskSpec missing = new DiskSpec(folder.resolve("missing.img"), true, "", 1);
    Outcome outcome = measure(1, "demo", () -> missing, Sides.ASSIGNED, Sides.VIRTIO);
    assertThat(total(outcome, READ, Sides.ASSIGNED, USER_EXITS)).isEqualTo(COUNT);
    assertThat(outcome.gaps())
        .anyMatch(gap -> gap.what().equals("side virtio") && gap.why().contains("no such file"));
  }
}
