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

/** {@code javelin bench map} with a device behind an IOMMU. */
@Tag("lab")
@Tag("devices")
@Tag("once")
@Timeout(120)
final class BenchMapTest {
  @TempDir Path folder;

  private Launcher launcher;

  @BeforeEach
  void start() {
    launcher = new Launcher(folder);
  }

  @AfterEach
  void cleanUp() throws Exception {
    launcher.endAll();
  }

  @Test
  void shouldMapForADeviceAndGiveItBack() throws Exception {
    HostAddress nic = LabPci.find("8086", "10d3", 0);

    Launcher.Run run =
        launcher.start(
            "map",
            List.of(
                "bench",
                "map",
                nic.toString(),
                "--size",
                "64M",
                "--rounds",
                "3",
                "--report",
                BenchPages.folder("map").toString()));

    assertThat(run.exitCode()).as(run.output()).isZero();
    assertThat(run.output())
        .containsPattern("pin and map for DMA, 4K pages, per GiB +1 thread +3 +\\d+.*s")
        .containsPattern("unmap, 4K pages, per GiB +1 thread +3 +\\d+.*s")
        .contains("Emulated: all of it", "Device: " + nic);
    assertThat(LabPci.driver(nic)).isEqualTo("e1000e");
  }
}
