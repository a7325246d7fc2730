package javelin.passthrough.preflight;

import static org.assertj.core.api.Assertions.assertThat;

import java.nio.file.Path;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import javelin.devices.pci.AddressWindow;
import javelin.passthrough.host.FakePciDevice;
import javelin.passthrough.host.FakePciHost;
import javelin.passthrough.host.HostAddress;
import javelin.vmm.linux.FakeSyscalls;
import javelin.vmm.linux.Linux;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.io.TempDir;

/** A VT-d host where all is well, with one network card that nothing uses. */
abstract class PreflightTestBench {
  static final long MIB = 1L << 20;
  static final long GIB = 1L << 30;
  static final long MEM32 = 0x200;
  static final String NIC = "0000:01:00.0";

  @TempDir Path root;

  final FakeSyscalls syscalls = new FakeSyscalls();
  final Set<String> denied = new HashSet<>();
  FakePciHost host;
  FakePciDevice nic;
  GuestLayout guest = guest(2 * GIB);

  @BeforeEach
  void makeHealthyHost() {
    host = new FakePciHost(root);
    host.file("/proc/sys/kernel/osrelease", "6.1.0-test\n")
        .file("/proc/interrupts", "  24:   0  IR-PCI-MSI 1048576-edge  eth0\n")
        .directory("/sys/bus/pci/drivers/vfio-pci")
        .directory("/sys/module/vfio_iommu_type1")
        .directory("/sys/class/misc/vfio")
        .file("/dev/vfio/vfio", "")
        .file("/sys/class/iommu/dmar0/intel-iommu/cap", "d2008c222f0606\n");
    nic = nic(NIC, 3);
    host.file(
        "/sys/kernel/iommu_groups/3/reserved_regions",
        "0x00000000fee00000 0x00000000feefffff msi\n");
  }

  FakePciDevice nic(String address, int group) {
    FakePciDevice device =
        host.device(address).type(0x020000).driver("e1000e").group(group).reset("flr bus");
    host.link(device.path() + "/iommu", "/sys/class/iommu/dmar0");
    return device.bar(0, 128 << 10, MEM32);
  }

  static GuestLayout guest(long ram) {
    long low = Math.min(ram, 3 * GIB);
    List<AddressWindow> windows = new ArrayList<>(List.of(new AddressWindow(0, low)));
    if (ram > low) {
      windows.add(new AddressWindow(4 * GIB, ram - low));
    }
    return new GuestLayout(
        windows,
        ram,
        new AddressWindow(3 * GIB, 512 * MIB),
        Optional.of(new AddressWindow(64 * GIB, 64 * GIB)));
  }

  static WantedDevice wanted(String address) {
    return new WantedDevice(HostAddress.parse(address), false, false);
  }

  static WantedDevice wantedTaken() {
    return new WantedDevice(HostAddress.parse(NIC), true, false);
  }

  Preflight preflight() {
    return new Preflight(
        host.files(), new Linux(syscalls), Map.of(), path -> !denied.contains(path));
  }

  List<Finding> findings(WantedDevice... wanted) {
    return preflight().all(List.of(wanted), guest, false);
  }

  static List<String> texts(List<Finding> findings) {
    return findings.stream().map(Finding::text).toList();
  }

  /** Requires that there is this finding alone and that it blocks. */
  void assertBlocked(String text) {
    assertBlocked(text, wanted(NIC));
  }

  void assertBlocked(String text, WantedDevice... wanted) {
    List<Finding> findings = findings(wanted);

    assertThat(texts(findings)).containsExactly(text);
    assertThat(findings).allMatch(Finding::isBlocking);
  }
}
