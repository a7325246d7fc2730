package javelin.passthrough.preflight;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.List;
import javelin.vmm.linux.HostFiles;
import javelin.vmm.linux.Linux;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** All checks together. */
class PreflightTest extends PreflightTestBench {
  @Test
  void shouldFindNothingWhenHostIsHealthy() {
    assertThat(findings(wanted(NIC))).isEmpty();
    assertThat(preflight().host(guest))
        .extracting(result -> result.topic() + ": " + result.state())
        .containsExactly(
            "IOMMU: dmar0",
            "interrupt remapping: on",
            "VFIO modules: vfio-pci loaded, vfio_iommu_type1 loaded",
            "/dev/vfio/vfio: present",
            "RLIMIT_MEMLOCK: unlimited");
  }

  @Test
  void shouldTellEverythingAtOnce() {
    host.file("/proc/interrupts", "");
    syscalls.limit(Linux.RLIMIT_MEMLOCK, 8 * MIB, 8 * MIB);
    nic.reset("").netdev("eth0", true);
    host.routes("eth0 00000000 00000000");
    nic("01:00.1", 3);

    assertThat(findings(wanted(NIC), wanted("09:00.0")))
        .extracting(Finding::subject)
        .containsExactly(
            "interrupt remapping",
            "RLIMIT_MEMLOCK",
            "0000:09:00.0",
            "0000:01:00.0",
            "0000:01:00.0",
            "0000:01:00.0");
  }

  @ParameterizedTest
  @ValueSource(booleans = {true, false})
  void shouldLookAtThisHostWithoutException(boolean force) {
    Preflight preflight = new Preflight(HostFiles.system(), Linux.system(), System.getenv());
    List<WantedDevice> all =
        preflight.inventory().devices().stream()
            .map(device -> new WantedDevice(device.address(), false, false))
            .toList();

    assertThat(preflight.host(guest)).hasSize(5);
    assertThat(preflight.devices(all, guest, force)).doesNotContainNull();
  }
}
