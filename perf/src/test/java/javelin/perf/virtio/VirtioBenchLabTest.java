package javelin.perf.virtio;

import static org.assertj.core.api.Assertions.assertThat;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.TimeUnit;
import javelin.boot.lab.LabKernel;
import javelin.perf.bench.HostTool;
import javelin.perf.linux.TcpJob;
import javelin.perf.result.Outcome;
import javelin.perf.result.OutcomeJson;
import javelin.perf.result.Percentile;
import javelin.perf.result.Ratio;
import javelin.perf.result.Series;
import javelin.perf.result.Unit;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** The whole bench, as small as it gets: Javelin and QEMU, a boot of each. */
@Tag("lab")
@Tag("once")
class VirtioBenchLabTest {
  private static final long LIMIT_SECONDS = 300;
  private static final String READ = "4 KiB random read, depth 1";

  @TempDir Path folder;

  private static String launcher() {
    for (Path at = Path.of("").toAbsolutePath(); at != null; at = at.getParent()) {
      if (Files.isExecutable(at.resolve("javelin"))) {
        return at.resolve("javelin").toString();
      }
    }
    throw new IllegalStateException("the launcher is not above the working folder");
  }

  /** The lab's kernel has no index of its modules, so nobody has loaded it. */
  private void loadTun() throws Exception {
    if (Files.exists(Path.of("/dev/net/tun"))) {
      return;
    }
    LabKernel kernel = LabKernel.of(Path.of(System.getenv("JAVELIN_LAB_KERNEL")));
    for (var module : kernel.modulesInOrder(List.of("tun"), List.of()).entrySet()) {
      Path file = Files.write(folder.resolve(module.getKey() + ".ko"), module.getValue());
      HostTool.output("busybox", "insmod", file.toString());
    }
  }

  @Test
  void shouldMeasureDiskAndNetworkBesideQemu() throws Exception {
    assumeTrue(System.getenv("JAVELIN_LAB_KERNEL") != null, "not in the lab");
    for (String program : List.of("fio", "ip", "qemu-system-x86_64")) {
      assumeTrue(HostTool.find(program).isPresent(), program + " is not installed");
    }
    loadTun();
    Path json = folder.resolve("result.json");
    Path said = folder.resolve("said");
    List<String> command = new ArrayList<>(List.of(launcher(), "bench", "virtio"));
    command.addAll(List.of("--peer", "qemu", "--peer", "kvmtool", "--rounds", "1"));
    command.addAll(List.of("--time", "500ms", "--warm-up", "300ms", "--cpu=-kvm-pv-eoi"));
    command.addAll(List.of("--job", "randread-1", "--aio", "uring", "--image-size", "16M"));
    command.addAll(List.of("--kernel", System.getenv("JAVELIN_LAB_KERNEL")));
    command.addAll(List.of("--json", json.toString()));
    Process process =
        new ProcessBuilder(command).redirectErrorStream(true).redirectOutput(said.toFile()).start();
    try {
      assertThat(process.waitFor(LIMIT_SECONDS, TimeUnit.SECONDS))
          .as(Files.readString(said))
          .isTrue();
    } finally {
      process.destroyForcibly().waitFor();
    }
    String table = Files.readString(said);
    assertThat(process.exitValue()).as(table).isZero();

    Outcome outcome = OutcomeJson.read(Files.readString(json));
    for (String side : List.of("Javelin io_uring", "QEMU io_uring")) {
      assertFigures(outcome, READ, side, Unit.NANOSECONDS);
    }
    for (String side : List.of("Javelin", "QEMU")) {
      assertFigures(outcome, TcpJob.REQUEST_RESPONSE.title(), side, Unit.NANOSECONDS);
      assertFigures(outcome, TcpJob.FROM_GUEST.title(), side, Unit.BYTES_PER_SECOND);
      assertFigures(outcome, TcpJob.TO_GUEST.title(), side, Unit.BYTES_PER_SECOND);
    }
    assertThat(outcome.ratios())
        .contains(new Ratio("Javelin io_uring", "QEMU io_uring"), new Ratio("Javelin", "QEMU"));
    if (HostTool.find("lkvm").isEmpty()) {
      assertThat(outcome.gaps()).singleElement().asString().contains("kvmtool", "lkvm");
      assertThat(table).contains("Not measured: kvmtool");
    }
    assertThat(outcome.conditions())
        .containsKeys("QEMU", "fio", "Guest", "Disk image", "Image cache", "Work");
    for (Series series : outcome.series()) {
      assertThat(table)
          .contains(series.side(), series.unit().format(Percentile.P50.of(series).orElseThrow()));
    }
  }

  /** Samples, in the unit, with what KVM counted beside them. */
  private static void assertFigures(Outcome outcome, String name, String side, Unit unit) {
    Series series =
        outcome
            .find(name, side)
            .orElseThrow(() -> new AssertionError(name + ", " + side + ": " + outcome.gaps()));
    assertThat(series.unit()).isEqualTo(unit);
    assertThat(series.n()).isPositive();
    assertThat(series.at(50)).as(name).isPositive();
    assertThat(series.counters()).extracting("name").contains("exits", "thread switches");
  }
}
