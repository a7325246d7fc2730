package javelin.boot.labtest;

import static org.assertj.core.api.Assertions.assertThat;

import java.nio.file.Path;
import javelin.boot.guest.assign.BridgedTaps;
import javelin.boot.lab.LabKernel;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/** The built-in guest's two network devices, on taps of the lab's host. */
@Tag("lab")
@Timeout(600)
class VirtioCheckOnTapsTest {
  @TempDir Path folder;

  @Test
  void shouldSendFramesThroughTapsOnABridge() throws Exception {
    HostModules.load(LabKernel.of(LinuxGuest.kernel()), folder, "tun", "bridge");
    assertThat(BridgedTaps.virtioCheck(folder))
        .contains(
            "virtio-net: first to second, 64 bytes by MSI-X, the same there: ok",
            "virtio-net: second to first, 1512 bytes by MSI-X, the same there: ok")
        .containsPattern("All \\d+ checks passed");
  }
}
