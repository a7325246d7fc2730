package javelin.boot.labtest;

import static org.assertj.core.api.Assertions.assertThat;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Optional;
import java.util.stream.Stream;
import javelin.passthrough.host.HostAddress;
import javelin.vmm.kvm.KvmSystem;
import javelin.vmm.linux.HostFiles;
import javelin.vmm.linux.Linux;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;

/** The lab's host has what the other tests in the lab build on. */
@Tag("lab")
@Tag("devices")
final class LabHostTest {
  private static final Optional<String> IOMMU_CLASS = Optional.of("0x080600");

  @Test
  void shouldOfferAllOfKvmThatJavelinRequires() {
    try (KvmSystem kvm = KvmSystem.open(Linux.system(), KvmSystem.DEVICE)) {
      assertThat(kvm.maxVcpus()).isGreaterThanOrEqualTo(2);
    }
  }

  /** All but an IOMMU that is a PCI device itself, as AMD's is (class 08 06). */
  @Test
  void shouldPutEveryPciDeviceIntoAnIommuGroup() throws IOException {
    List<Path> devices =
        entries("/sys/bus/pci/devices").stream()
            .filter(device -> !HostFiles.system().text(device + "/class").equals(IOMMU_CLASS))
            .toList();
    assertThat(devices).isNotEmpty();
    assertThat(entries("/sys/kernel/iommu_groups")).isNotEmpty();
    assertThat(devices).allSatisfy(device -> assertThat(device.resolve("iommu_group")).exists());
  }

  /** The groups that QEMU's topologies make; what the kernel says counts, nothing is predicted. */
  @Test
  void shouldGroupDevicesByTheirIsolation() {
    String chipset = LabPci.group(HostAddress.parse("00:1f.0"));
    assertThat(LabPci.group(HostAddress.parse("00:1f.2"))).isEqualTo(chipset);
    assertThat(LabPci.group(HostAddress.parse("00:1f.3"))).isEqualTo(chipset);
    HostAddress nvme = LabPci.find("1b36", "0010", 0);
    assertThat(entriesOf(nvme)).containsExactly(nvme.toString());
    assumeTrue(
        "INTEL".equals(System.getenv("JAVELIN_LAB")), "the lab with VT-d has the topologies");
    HostAddress behindPort = LabPci.find("1b36", "000d", 0);
    assertThat(entriesOf(behindPort)).containsExactly(behindPort.toString());
    HostAddress first = LabPci.find("8086", "10d3", 1);
    HostAddress second = LabPci.find("8086", "10d3", 2);
    assertThat(entriesOf(first)).containsExactly(first.toString(), second.toString());
    // Behind a port without ACS: with the port.
    HostAddress plain = LabPci.find("1234", "11e8", 4);
    HostAddress port = LabPci.find("8086", "3420", 0);
    assertThat(entriesOf(plain)).containsExactly(port.toString(), plain.toString());
    // Behind a bridge to conventional PCI: all that is there, with the bridge.
    HostAddress bridge = LabPci.find("1b36", "000e", 0);
    HostAddress edu = LabPci.find("1234", "11e8", 5);
    HostAddress nic = LabPci.find("8086", "100e", 1);
    assertThat(entriesOf(edu)).containsExactly(bridge.toString(), edu.toString(), nic.toString());
    // Behind a switch, whose downstream ports have no ACS: each with its port.
    for (int i = 0; i < 2; i++) {
      HostAddress down = LabPci.find("104c", "8233", i);
      HostAddress behind = LabPci.find("1234", "11e8", 6 + i);
      assertThat(entriesOf(behind)).containsExactly(down.toString(), behind.toString());
    }
  }

  private static List<String> entriesOf(HostAddress address) {
    return HostFiles.system().names(address.sysfs() + "/iommu_group/devices");
  }

  @Test
  void shouldOfferVfio() throws IOException {
    assertThat(Path.of("/dev/vfio/vfio")).exists();
    assertThat(entries("/sys/bus/pci/drivers"))
        .anySatisfy(driver -> assertThat(driver.getFileName()).hasToString("vfio-pci"));
  }

  @Test
  void shouldRunAKernelWhoseModulesAreThere() throws IOException {
    String release = Files.readString(Path.of("/proc/sys/kernel/osrelease")).strip();
    assertThat(release).isEqualTo(System.getProperty("os.version"));
    assertThat(Path.of("/lib/modules", release, "modules.order")).isNotEmptyFile();
  }

  @Test
  void shouldForgetWhatIsWrittenToTheMachinesFiles() throws IOException {
    Path file = Files.createTempFile("javelin-", ".txt");
    Files.writeString(file, "kept in memory");
    assertThat(Files.getFileStore(file).type()).isEqualTo("overlay");
    Files.delete(file);
  }

  private static List<Path> entries(String folder) throws IOException {
    try (Stream<Path> entries = Files.list(Path.of(folder))) {
      return entries.toList();
    }
  }
}
