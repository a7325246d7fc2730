package javelin.passthrough.host.verdict;

import static org.assertj.core.api.Assertions.assertThat;

import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import javelin.passthrough.host.FakePciDevice;
import javelin.passthrough.host.FakePciHost;
import javelin.passthrough.host.HostAddress;
import javelin.passthrough.host.HostInventory;
import javelin.passthrough.host.PciNames;
import javelin.passthrough.host.use.DeviceUses;
import javelin.passthrough.host.verdict.Verdict.Kind;
import javelin.vmm.linux.HostFiles;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

class VerdictsTest {
  @TempDir Path root;

  private FakePciHost host;

  @BeforeEach
  void makeHost() {
    host = new FakePciHost(root);
  }

  private FakePciDevice nic(String address) {
    return host.device(address).type(0x020000).driver("e1000e").group(3).reset("flr");
  }

  private Verdict verdict(String address) {
    HostInventory inventory = host.inventory();
    Verdicts verdicts =
        new Verdicts(
            host.files(),
            inventory,
            new DeviceUses(host.files(), Map.of()),
            new PciNames(host.files()));
    return verdicts.of(inventory.device(HostAddress.parse(address)));
  }

  private static Verdict plain(Kind kind, String reason) {
    return new Verdict(kind, reason, List.of());
  }

  @Test
  void shouldBeAssignableWhenAloneAndResettable() {
    nic("00:03.0");

    assertThat(verdict("00:03.0")).isEqualTo(plain(Kind.ASSIGNABLE, ""));
  }

  @ParameterizedTest
  @ValueSource(strings = {"vfio-pci", "mlx5_vfio_pci", "nvgrace-gpu-vfio-pci"})
  void shouldSayThatItIsTakenWhenVfioHasIt(String driver) {
    nic("00:03.0").driver(driver);

    assertThat(verdict("00:03.0"))
        .isEqualTo(plain(Kind.ASSIGNABLE, "taken by now (driver " + driver + ")"));
  }

  @Test
  void shouldNameCompanionsWhenGroupHasOthers() {
    nic("01:00.0");
    nic("01:00.1").type(0x040300).driver("snd_hda_intel");

    assertThat(verdict("01:00.0"))
        .isEqualTo(
            new Verdict(
                Kind.WITH_GROUP,
                "its IOMMU group 3 also holds 0000:01:00.1 (Audio device, driver snd_hda_intel);"
                    + " they go together: javelin pci take 0000:01:00.0 0000:01:00.1",
                List.of(HostAddress.parse("01:00.1"))));
  }

  @Test
  void shouldBeAssignableWhenCompanionsDoNotBlock() {
    FakePciDevice port = host.port("00:02.0").group(3);
    nic("00:03.0");
    nic("00:04.0").driver("pci-stub");
    nic("00:05.0").driver("vfio-pci");
    host.behind(port, "01:00.0").group(3);

    assertThat(verdict("00:03.0")).isEqualTo(plain(Kind.ASSIGNABLE, ""));
  }

  @Test
  void shouldBeInUseWhenHostUsesIt() {
    nic("00:03.0").netdev("eth0", true).reset("");
    host.routes("eth0 00000000 00000000");

    assertThat(verdict("00:03.0"))
        .isEqualTo(plain(Kind.IN_USE, "eth0 is up and has the default route"));
  }

  @Test
  void shouldBeInUseWhenCompanionIs() {
    nic("01:00.0");
    nic("01:00.1").netdev("eth1", true);
    host.routes("eth1 00000000 00000000");

    assertThat(verdict("01:00.0"))
        .isEqualTo(
            new Verdict(
                Kind.IN_USE,
                "its IOMMU group 3 also holds 0000:01:00.1 (Ethernet controller, driver e1000e),"
                    + " and eth1 is up and has the default route",
                List.of(HostAddress.parse("01:00.1"))));
  }

  @Test
  void shouldBeNoResetWhenKernelKnowsNone() {
    nic("00:03.0").reset("");

    assertThat(verdict("00:03.0").kind()).isEqualTo(Kind.NO_RESET);
    assertThat(verdict("00:03.0").reason())
        .contains("(a bus reset needs a port above it)")
        .endsWith("--assign 0000:00:03.0,no-reset=allow accepts that");
  }

  @Test
  void shouldBeNoResetWhenTheBusIsSharedWithAnotherGroup() {
    FakePciDevice port = host.port("00:02.0").group(1);
    host.behind(port, "01:00.0").group(4).reset("");
    host.behind(port, "01:00.1").group(5).driver("snd_hda_intel");

    assertThat(verdict("01:00.0").kind()).isEqualTo(Kind.NO_RESET);
    assertThat(verdict("01:00.0").reason())
        .startsWith("it can be reset only together with 0000:01:00.1 (driver snd_hda_intel)");
  }

  @Test
  void shouldGoWithItsGroupWhenThatSharesTheBus() {
    FakePciDevice port = host.port("00:02.0").group(1);
    host.behind(port, "01:00.0").group(4).reset("");
    host.behind(port, "01:00.1").group(4).driver("snd_hda_intel");

    assertThat(verdict("01:00.0").kind()).isEqualTo(Kind.WITH_GROUP);
  }

  @Test
  void shouldNotBlameRootBusWhenThereIsAPort() {
    host.behind(host.port("00:02.0"), "01:00.0").group(4);

    assertThat(verdict("01:00.0").kind()).isEqualTo(Kind.NO_RESET);
    assertThat(verdict("01:00.0").reason()).doesNotContain("a port above it");
  }

  @ParameterizedTest
  @CsvSource({
    "0x060000, host bridge",
    "0x060100, part of the chipset",
    "0x080600, the IOMMU itself",
    "0x080000, part of the chipset",
    "0x080320, part of the chipset",
    "0x080700, part of the chipset",
  })
  void shouldBeNeverWhenHostCannotBeWithoutIt(String type, String reason) {
    nic("00:03.0").type(Integer.decode(type));

    assertThat(verdict("00:03.0").kind()).isEqualTo(Kind.NEVER);
    assertThat(verdict("00:03.0").reason()).contains(reason);
  }

  @Test
  void shouldBeNeverWhenItIsABridge() {
    host.port("00:02.0").group(3);

    assertThat(verdict("00:02.0"))
        .isEqualTo(
            plain(
                Kind.NEVER,
                "a bridge: it stays with the host and serves the devices behind it, wherever they"
                    + " go"));
  }

  @Test
  void shouldBeNeverWhenInSlotOfIsaBridge() {
    host.device("00:1f.0").type(0x060100).group(9);
    host.device("00:1f.2").type(0x010601).driver("ahci").group(9).reset("flr");

    assertThat(verdict("00:1f.2").kind()).isEqualTo(Kind.NEVER);
    assertThat(verdict("00:1f.2").reason())
        .startsWith("a function of the chipset, in one slot with the ISA bridge 0000:00:1f.0");
  }

  @Test
  void shouldBeNeverWhenCompanionMustStay() {
    host.device("00:1f.0").type(0x060100).group(3);
    host.device("00:1f.3").type(0x0C0500).driver("i801_smbus").group(3);
    nic("00:03.0");

    assertThat(verdict("00:03.0").kind()).isEqualTo(Kind.NEVER);
    assertThat(verdict("00:03.0").reason())
        .startsWith(
            "its IOMMU group 3 also holds 0000:00:1f.3 (SMBus controller, driver i801_smbus), which"
                + " must stay with the host");
  }

  @Test
  void shouldBeNeverWhenFirmwareHoldsMemory() {
    nic("00:03.0");
    host.file(
        "/sys/kernel/iommu_groups/3/reserved_regions",
        "0x00000000bf800000 0x00000000cfffffff direct\n");

    assertThat(verdict("00:03.0").kind()).isEqualTo(Kind.NEVER);
    assertThat(verdict("00:03.0").reason()).contains("(group 3, 0xbf800000-0xcfffffff direct)");
  }

  @Test
  void shouldBeAssignableWhenFirmwareLetsGoOfItsMemory() {
    nic("00:03.0");
    host.file(
        "/sys/kernel/iommu_groups/3/reserved_regions",
        """
        0x00000000bf800000 0x00000000cfffffff direct-relaxable
        0x00000000fee00000 0x00000000feefffff msi
        """);

    assertThat(verdict("00:03.0").kind()).isEqualTo(Kind.ASSIGNABLE);
  }

  @Test
  void shouldBeNeverWhenItDoesNotAnswer() {
    nic("00:03.0").readableConfig(0);

    assertThat(verdict("00:03.0").kind()).isEqualTo(Kind.NEVER);
    assertThat(verdict("00:03.0").reason()).startsWith("it does not answer");
  }

  @Test
  void shouldHaveNoIommuWhenItHasNoGroup() {
    host.device("00:03.0").reset("flr");
    assertThat(verdict("00:03.0"))
        .isEqualTo(plain(Kind.NO_IOMMU, "the IOMMU of this host does not cover it"));

    host.withoutIommu();
    assertThat(verdict("00:03.0").reason()).startsWith("this host has no IOMMU, or its firmware");
  }

  @ParameterizedTest
  @CsvSource({"DMAR, intel_iommu=on", "IVRS, amd_iommu=off"})
  void shouldNameSwitchWhenIommuIsOff(String table, String way) {
    host.withoutIommu().device("00:03.0");
    host.file("/sys/firmware/acpi/tables/" + table, "");

    assertThat(verdict("00:03.0").kind()).isEqualTo(Kind.NO_IOMMU);
    assertThat(verdict("00:03.0").reason()).contains("but off").contains(way);
  }

  @Test
  void shouldJudgeThisHost() {
    HostFiles files = HostFiles.system();
    HostInventory inventory = HostInventory.read(files);
    Verdicts verdicts =
        new Verdicts(files, inventory, new DeviceUses(files, System.getenv()), new PciNames(files));

    assertThat(inventory.devices())
        .allSatisfy(
            device -> {
              Verdict verdict = verdicts.of(device);
              assertThat(verdict.reason().isEmpty())
                  .isEqualTo(verdict.kind() == Kind.ASSIGNABLE && !device.isTaken());
            });
  }
}
