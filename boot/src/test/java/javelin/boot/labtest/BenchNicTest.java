package javelin.boot.labtest;

import static org.assertj.core.api.Assertions.assertThat;

import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.concurrent.TimeUnit;
import javelin.boot.lab.LabKernel;
import javelin.passthrough.host.HostAddress;
import javelin.passthrough.host.HostInventory;
import javelin.passthrough.host.use.Netdevs;
import javelin.vmm.linux.HostFiles;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/**
 * {@code javelin bench assign} of a network card whose wire ends at another interface of the lab's
 * host: its counts, not its times.
 */
@Tag("lab")
@Tag("devices")
@Tag("once")
@Timeout(480)
final class BenchNicTest {
  private static final long LIMIT_SECONDS = 420;
  private static final String ROUND_TRIP = "TCP request-response, 1 byte";
  private static final List<String> STREAMS =
      List.of("TCP stream, guest to host", "TCP stream, host to guest");

  /** Accesses to registers that Javelin answers. */
  private static final String REGISTERS = "MMIO exits to the monitor";

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
  void shouldMeasureACardAssignedAndByVirtioOnOneWireAndGiveBothEndsBack() throws Exception {
    HostModules.load(LabKernel.of(LinuxGuest.kernel()), folder, "tun", "bridge");
    HostAddress card = LabPci.find("8086", "10d3", 0);
    HostAddress peer = LabPci.find("1af4", "1000", 0);
    List<String> cardBefore = netdevs(card);
    List<String> peerBefore = netdevs(peer);
    assertThat(cardBefore).hasSize(1);
    assertThat(peerBefore).hasSize(1);

    // Tests before this one may have given it an address, with which it is in use.
    HostSays.of("busybox ip address flush dev " + peerBefore.get(0));

    Path json = folder.resolve("result.json");
    List<String> command = new ArrayList<>(List.of("bench", "assign", LabPci.spec(card)));
    command.addAll(List.of("--wire", peerBefore.get(0), "--side", "assigned", "--side", "virtio"));
    command.addAll(List.of("--rounds", "1", "--count", "5", "--time", "1s"));
    command.addAll(List.of("--warm-up", "300ms", "--cpu=-kvm-pv-eoi", "--limit", "120s"));
    command.addAll(List.of("--json", json.toString()));
    Launcher.Run run = launcher.start("bench", command);
    assertThat(run.process().waitFor(LIMIT_SECONDS, TimeUnit.SECONDS)).as(run.output()).isTrue();
    assertThat(run.process().exitValue()).as(run.output()).isZero();

    assertThat(LabPci.driver(card)).isEqualTo("e1000e");
    assertThat(netdevs(card)).isEqualTo(cardBefore);
    assertThat(netdevs(peer)).isEqualTo(peerBefore);
    BenchResult result = new BenchResult(json);
    for (String side : List.of("assigned", "virtio")) {
      Map<String, Object> trips = result.series(ROUND_TRIP, side);
      assertThat(trips).as(run.output()).containsEntry("unit", "ns");
      assertThat((Long) trips.get("n")).as(side).isPositive();
      assertThat(BenchResult.counter(trips, REGISTERS).get("operations")).isEqualTo(trips.get("n"));
      for (String stream : STREAMS) {
        assertThat(result.series(stream, side))
            .as(run.output())
            .containsEntry("unit", "B/s")
            .containsEntry("n", 1L);
      }
    }
    // Its registers are mapped, and its messages go from VFIO to KVM.
    Map<String, Object> trips = result.series(ROUND_TRIP, "assigned");
    assertThat(BenchResult.counter(trips, REGISTERS)).as(run.output()).containsEntry("total", 0L);
  }

  private static List<String> netdevs(HostAddress address) {
    HostFiles files = HostFiles.system();
    return new Netdevs(files).of(HostInventory.read(files).device(address));
  }
}
