package javelin.boot.labtest;

import static org.assertj.core.api.Assertions.assertThat;

import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import javelin.passthrough.host.HostAddress;
import javelin.passthrough.json.JsonReader;
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

    Map<String, Object> result = JsonReader.object(Files.readString(json));
    for (String side : List.of("assigned", "virtio")) {
      for (String name :
          List.of(
              READ,
              "doorbell to interrupt, MSI-X",
              "4 KiB read, depth 1",
              "4 KiB read, depth 32",
              "4 KiB write, depth 1",
              "4 KiB write, depth 32")) {
        assertThat(series(result, name, side)).as(name + ", " + side).containsEntry("n", COUNT);
      }
    }
    assertThat(total(result, READ, "assigned")).isZero();
    assertThat(total(result, READ, "virtio")).isEqualTo(COUNT);
    assertThat(total(result, "4 KiB read, depth 1", "assigned")).isZero();
    assertThat(total(result, "4 KiB read, depth 1", "virtio")).isZero();
  }

  @SuppressWarnings("unchecked")
  private static Map<String, Object> series(Map<String, Object> result, String name, String side) {
    return ((List<Map<String, Object>>) result.get("series"))
        .stream()
            .filter(one -> one.get("case").equals(name) && one.get("side").equals(side))
            .findFirst()
            .orElse(Map.of());
  }

  /** Exits to user space over all operations. */
  @SuppressWarnings("unchecked")
  private static long total(Map<String, Object> result, String name, String side) {
    return ((List<Map<String, Object>>) series(result, name, side).get("counters"))
        .stream()
            .filter(counter -> counter.get("name").equals(USER_EXITS))
            .map(counter -> (Long) counter.get("total"))
            .findFirst()
            .orElseThrow();
  }
}
