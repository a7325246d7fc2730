package javelin.passthrough.host;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Optional;
import javelin.passthrough.host.HostBar.Kind;
import javelin.vmm.linux.HostFiles;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

class HostInventoryTest {
  @TempDir Path root;

  private FakePciHost host;

  @BeforeEach
  void makeHost() {
    host = new FakePciHost(root);
  }

  /** A network card as QEMU's e1000e shows itself behind a root port. */
  private FakePciDevice networkCard() {
    return host.behind(host.port("00:02.0").group(1), "01:00.0")
        .ids(0x8086, 0x10D3)
        .type(0x020000)
        .driver("e1000e")
        .group(3)
        .reset("pm bus")
        .bar(0, 0x2_0000, 0x40200)
        .bar(2, 32, 0x40101)
        .bar(6, 0x4_0000, 0x4E200)
        .config(0x06, 0x10)
        .config(0x34, 0xC8)
        .config(0xC8, 0x01, 0xD0)
        .config(0xD0, 0x05, 0xE0, 0x84)
        .config(0xE0, 0x10, 0xA0, 0x02)
        .config(0xA0, 0x11, 0x00, 0x04, 0x80);
  }

  @Test
  void shouldReadAllFactsOfADevice() {
    networkCard();

    HostDevice device = host.read("01:00.0");

    assertThat(device)
        .isEqualTo(
            new HostDevice(
                HostAddress.parse("0000:01:00.0"),
                "/sys/devices/pci0000:00/0000:00:02.0/0000:01:00.0",
                new PciIds(0x8086, 0x10D3, 0x1AF4, 0x1100, 0x020000, 0x10),
                0,
                Optional.of("e1000e"),
                Optional.empty(),
                Optional.of(new IommuGroup(3, List.of(HostAddress.parse("01:00.0")), List.of())),
                List.of(
                    new HostBar(0, Kind.MEM32, false, 0x2_0000),
                    new HostBar(2, Kind.IO, false, 32),
                    new HostBar(6, Kind.ROM, true, 0x4_0000)),
                Optional.of(new PciCapabilities(4, 5, PortType.ENDPOINT)),
                List.of("pm", "bus"),
                new SriovRole(0, List.of(), Optional.empty()),
                false,
                -1,
                "pci:v1234"));
    assertThat(device.ids().text()).isEqualTo("8086:10d3");
    assertThat(device.isOnRootBus()).isFalse();
    assertThat(host.read("00:02.0").isOnRootBus()).isTrue();
    assertThat(host.read("00:02.0").isBridge()).isTrue();
  }

  @Test
  void shouldNotKnowCapabilitiesWhenOnly64BytesAreReadable() {
    networkCard().readableConfig(64);

    assertThat(host.read("01:00.0").capabilities()).isEmpty();
  }

  @Test
  void shouldKnowThatThereAreNoCapabilitiesWhenOnly64BytesAreReadable() {
    host.device("00:03.0").readableConfig(64);

    assertThat(host.read("00:03.0").capabilities())
        .contains(new PciCapabilities(0, 0, PortType.CONVENTIONAL));
  }

  @ParameterizedTest
  @ValueSource(ints = {0x40, 0x44, 0x60, 0xFF, 0x04})
  void shouldEndWhenCapabilityListRunsInACircle(int next) {
    host.device("00:03.0")
        .config(0x06, 0x10)
        .config(0x34, 0x40)
        .config(0x40, 0x09, 0x44)
        .config(0x44, 0x09, next)
        .config(0x60, 0xFF, 0x60);

    assertThat(host.read("00:03.0").capabilities())
        .contains(new PciCapabilities(0, 0, PortType.CONVENTIONAL));
  }

  @ParameterizedTest
  @CsvSource({"0x00, ENDPOINT", "0x40, ROOT_PORT", "0x90, INTEGRATED_ENDPOINT", "0xF0, UNKNOWN"})
  void shouldTellPortType(String flags, PortType expected) {
    host.device("00:03.0")
        .config(0x06, 0x10)
        .config(0x34, 0x40)
        .config(0x40, 0x10, 0, Integer.decode(flags) | 2);

    assertThat(host.read("00:03.0").capabilities().orElseThrow().portType()).isEqualTo(expected);
  }

  @Test
  void shouldReadWideBarsOnce() {
    host.device("00:03.0").bar(0, 1L << 34, 0x14220C).bar(4, 0x4000, 0x140204);

    assertThat(host.read("00:03.0").bars())
        .containsExactly(
            new HostBar(0, Kind.MEM64, true, 1L << 34), new HostBar(4, Kind.MEM64, false, 0x4000));
  }

  @Test
  void shouldTellRolesWhenVirtualFunctionsAreOn() {
    FakePciDevice physical = host.device("03:00.0").attribute("sriov_totalvfs", "8");
    physical.virtualFunction(0, host.device("03:10.0")).virtualFunction(1, host.device("03:10.2"));

    assertThat(host.read("03:00.0").sriov())
        .isEqualTo(
            new SriovRole(
                8,
                List.of(HostAddress.parse("03:10.0"), HostAddress.parse("03:10.2")),
                Optional.empty()));
    assertThat(host.read("03:10.2").sriov().physicalFunction())
        .contains(HostAddress.parse("03:00.0"));
  }

  @Test
  void shouldReadReservedRegionsOfGroup() {
    host.device("00:02.0").group(1);
    host.file(
        "/sys/kernel/iommu_groups/1/reserved_regions",
        """
        0x00000000bf800000 0x00000000cfffffff direct
        0x00000000fee00000 0x00000000feefffff msi
        """);

    IommuGroup group = host.read("00:02.0").group().orElseThrow();

    assertThat(group.reserved()).hasSize(2);
    assertThat(group.firmwareRanges())
        .containsExactly(new IommuGroup.Reserved(0xBF80_0000L, 0xCFFF_FFFFL, "direct"));
  }

  @Test
  void shouldHaveNoGroupWhenVfioMadeItUpWithoutIommu() {
    host.device("00:02.0").group(0);
    host.file("/sys/kernel/iommu_groups/0/name", "vfio-noiommu\n");

    assertThat(host.read("00:02.0").group()).isEmpty();
  }

  @Test
  void shouldSayThatItCanBeResetWhenOldKernelDoesNotSayHow() {
    host.device("00:03.0").attribute("reset", "");
    host.device("00:04.0").reset("");
    host.device("00:05.0");

    assertThat(host.read("00:03.0").resetMethods()).containsExactly("kernel");
    assertThat(host.read("00:04.0").resetMethods()).isEmpty();
    assertThat(host.read("00:05.0").resetMethods()).isEmpty();
  }

  @Test
  void shouldSortByAddressAndNameCompanions() {
    host.device("01:00.1").group(2);
    host.device("00:1f.0");
    host.device("01:00.0").group(2);

    HostInventory inventory = host.inventory();

    assertThat(inventory.devices())
        .extracting(device -> device.address().toString())
        .containsExactly("0000:00:1f.0", "0000:01:00.0", "0000:01:00.1");
    assertThat(inventory.companions(host.read("01:00.0")))
        .extracting(device -> device.address().toString())
        .containsExactly("0000:01:00.1");
    assertThat(inventory.companions(host.read("00:1f.0"))).isEmpty();
  }

  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      value = {
        "01:00.3 | 0000:01:00.3: no such PCI device; in that slot there is 0000:01:00.0",
        "01:02.0 | 0000:01:02.0: no such PCI device; on bus 0000:01 there are 0000:01:00.0,"
            + " 0000:01:01.0",
        "07:00.0 | 0000:07:00.0: no such PCI device; nothing is on bus 0000:07 (javelin pci list"
            + " shows what this host has)",
      })
  void shouldSayWhatIsNearWhenThereIsNoSuchDevice(String address, String message) {
    host.device("01:00.0");
    host.device("01:01.0");
    HostInventory inventory = host.inventory();

    assertThatThrownBy(() -> inventory.device(HostAddress.parse(address)))
        .isInstanceOf(NoSuchDeviceException.class)
        .hasMessage(message);
  }

  @Test
  void shouldBeEmptyWhenHostHasNoPci(@TempDir Path empty) {
    assertThat(HostInventory.read(new HostFiles(empty)).devices()).isEmpty();
  }

  @Test
  void shouldReadThisHost() {
    assumeTrue(Files.isDirectory(Path.of("/sys/bus/pci/devices")), "this host has no PCI");

    assertThat(HostInventory.read(HostFiles.system()).devices())
        .allSatisfy(
            device -> {
              assertThat(device.path()).endsWith("/" + device.address());
              assertThat(device.ids().vendor()).isPositive();
              assertThat(device.bars())
                  .allSatisfy(bar -> assertThat(Long.bitCount(bar.size())).isEqualTo(1));
              assertThat(device.group().map(group -> group.members().contains(device.address())))
                  .isNotEqualTo(Optional.of(false));
            });
  }
}
