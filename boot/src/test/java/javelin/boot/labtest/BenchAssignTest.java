package javelin.boot.labtest;

import static org.assertj.core.api.Assertions.assertThat;

import java.nio.file.Path;
import java.util.List;
import javelin.passthrough.host.HostAddress;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/** {@code javelin bench assign} of a device of the host, in the lab: its counts, not its times. */
@Tag("lab")
@Tag("devices")
@Tag("once")
@Timeout(600)
final class BenchAssignTest {
  private static final long COUNT = 20;
  private static final String READ = "register read";
  private static final String USER_EXITS = "to Javelin";

  @TempDir Path folder;

  private Launcher launcher;

  @BeforeEach
  void prepare() {
    launcher = new Launcher(folder);
  }

  @AfterEach
  void cleanUp() throws Exception {
    launcher.endAll();
  }

  @Test
  void shouldMeasureAnNvmeDiskAssignedAndByVirtioAndGiveItBack() throws Exception {
    HostAddress disk = LabPci.find("1b36", "0010", 0);
    Path json = folder.resolve("result.json");
    Launcher.Run run =
        launcher.start(
            "bench",
            List.of(
                "bench",
                "assign",
                LabPci.spec(disk),
                "--scratch",
                "--count",
                Long.toString(COUNT),
                "--rounds",
                "1",
                "--side",
                "assigned",
                "--side",
                "virtio",
                "--json",
                json.toString()));
    assertThat(run.exitCode()).as(run.output()).isZero();
    assertThat(LabPci.driver(disk)).isEqualTo("nvme");

    BenchResult result = new BenchResult(json);
    for (String side : List.of("assigned", "virtio")) {
      for (String name :
          List.of(
              READ,
              "doorbell to interrupt, MSI-X",
              "4 KiB read, depth 1",
              "4 KiB read, depth 32",
              "4 KiB write, depth 1",
              "4 KiB write, depth 32")) {
        assertThat(result.series(name, side)).as(name + ", " + side).containsEntry("n", COUNT);
      }
    }
    assertThat(total(result, READ, "assigned")).isZero();
    assertThat(total(result, READ, "virtio")).isEqualTo(COUNT);
    assertThat(total(result, "4 KiB read, depth 1", "assigned")).isZero();
    assertThat(total(result, "4 KiB read, depth 1", "virtio")).isZero();
  }

  /** Exits to user space over all operations. */
  private static long total(BenchResult result, String name, String side) {
    return (Long) BenchResult.counter(result.series(name, side), USER_EXITS).get("total");
  }
}
