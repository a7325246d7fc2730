package javelin.boot.pci;

import static org.assertj.core.api.Assertions.assertThat;

import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import javelin.passthrough.host.FakePciDevice;
import javelin.passthrough.host.FakePciHost;
import javelin.passthrough.host.HostAddress;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class PciReportTest {
  @TempDir Path root;

  private FakePciHost host;

  /** A small server: bridge, port with a disk behind it, a network card in use, a sound card. */
  @BeforeEach
  void makeHost() {
    host = new FakePciHost(root);
    host.directory("/sys/bus/pci/drivers/vfio-pci");
    host.device("00:00.0").ids(0x8086, 0x29C0).type(0x060000).group(0).reset("");
    FakePciDevice port = host.port("00:02.0").group(1);
    host.behind(port, "01:00.0")
        .ids(0x1B36, 0x0010)
        .type(0x010802)
        .driver("nvme")
        .group(2)
        .reset("flr bus")
        .bar(0, 0x4000, 0x140204)
        .config(0x06, 0x10)
        .config(0x34, 0x40)
        .config(0x40, 0x11, 0x50, 0x40, 0x80)
        .config(0x50, 0x10, 0, 0x02)
        .disk("nvme/nvme0", "nvme0n1", "259:0");
    host.device("00:03.0")
        .ids(0x8086, 0x10D3)
        .type(0x020000)
        .driver("e1000e")
        .group(3)
        .reset("pm")
        .bar(0, 0x2_0000, 0x40200)
        .bar(2, 32, 0x40101)
        .bar(6, 0x4_0000, 0x4E200)
        .config(0x06, 0x10)
        .readableConfig(64)
        .netdev("eth0", true);
    host.routes("eth0 00000000 00000000");
    host.device("00:04.0").type(0x030000).driver("i915").group(4).reset("flr");
    host.device("00:04.1").type(0x040300).driver("snd_hda_intel").group(4).reset("pm");
    host.file(
        "/usr/share/misc/pci.ids", "8086  Intel Corporation\n\t10d3  82574L Network Connection\n");
  }

  private PciReport report() {
    return new PciReport(host.files(), Map.of());
  }

  private String details(String address) {
    PciReport report = report();
    return String.join(
            "\n", PciDetails.lines(report, List.of(report.device(HostAddress.parse(address)))))
        + "\n";
  }

  @Test
  void shouldShowTableWithRowForEachDevice() {
    assertThat(String.join("\n", PciTable.lines(report())) + "\n")
        .isEqualTo(
            """
            ADDRESS       ID         CLASS                             DRIVER          GROUP  VERDICT
            0000:00:00.0  8086:29c0  Host bridge                       -               0      never
                          Intel Corporation
                          no MSI; reset none
                          the host bridge: CPUs reach memory and PCI through it
            0000:00:02.0  1b36:000c  PCI bridge                        pcieport        1      never
                          no MSI; reset none
                          a bridge: it stays with the host and serves the devices behind it, wherever they go
            0000:00:03.0  8086:10d3  Ethernet controller               e1000e          3      in use
                          Intel Corporation 82574L Network Connection
                          BARs 128K, io 32; ROM 256K; MSI unknown, for root only; reset pm
                          eth0 is up and has the default route
            0000:00:04.0  1234:5678  VGA controller                    i915            4      with its group
                          no MSI; reset flr
                          its IOMMU group 4 also holds 0000:00:04.1 (Audio device, driver snd_hda_intel); they
                          go together: javelin pci take 0000:00:04.0 0000:00:04.1
            0000:00:04.1  1234:5678  Audio device                      snd_hda_intel   4      with its group
                          no MSI; reset pm
                          its IOMMU group 4 also holds 0000:00:04.0 (VGA controller, driver i915); they go
                          together: javelin pci take 0000:00:04.1 0000:00:04.0
            0000:01:00.0  1b36:0010  NVMe controller                   nvme            2      assignable
                          BARs 16K; MSI-X 65; reset flr, bus
            """);
  }

  @Test
  void shouldFitOneHundredColumns() {
    assertThat(PciTable.lines(report()))
        .allSatisfy(line -> assertThat(line).hasSizeLessThanOrEqualTo(100));
  }

  @Test
  void shouldSayThatThereIsNothingWhenHostHasNoPci(@TempDir Path empty) {
    assertThat(PciTable.lines(new PciReport(new FakePciHost(empty).files(), Map.of())))
        .containsExactly("no PCI devices");
  }

  @Test
  void shouldSayThatADeviceWithoutAResetOfItsOwnIsResetWithItsBus() {
    FakePciDevice port = host.port("00:05.0").group(5);
    host.behind(port, "02:00.0").type(0x040300).group(6).reset("");
    host.behind(port, "02:00.1").type(0x0C0330).group(6).reset("bus");
    assertThat(details("02:00.0")).contains("  Reset        with its bus\n");
    assertThat(PciTable.lines(report()))
        .filteredOn(line -> line.endsWith("no MSI; reset with its bus"))
        .hasSize(2);
  }

  @Test
  void shouldShowEverythingAboutADevice() {
    assertThat(details("01:00.0"))
        .isEqualTo(
            """
            0000:01:00.0  NVMe controller
              ID           1b36:0010, revision 10
              Subsystem    1af4:1100
              Class code   01.08.02
              Header       type 0
              Path         /sys/devices/pci0000:00/0000:00:02.0/0000:01:00.0
              Modalias     pci:v1234
              Driver       nvme
              IOMMU group  2
              BAR 0        16K, 64-bit memory
              MSI          none
              MSI-X        65 vectors
              Port type    PCIe endpoint
              Reset        flr, bus

            Verdict: assignable

            Taking 0000:01:00.0 would
              1. write down its driver, override and settings in a journal
                 /run/javelin/0000:01:00.0.json
              2. let only vfio-pci bind to it
                 vfio-pci > /sys/bus/pci/devices/0000:01:00.0/driver_override
              3. unbind its driver nvme
                 0000:01:00.0 > /sys/bus/pci/devices/0000:01:00.0/driver/unbind
              4. have vfio-pci bind to it
                 0000:01:00.0 > /sys/bus/pci/drivers_probe
              5. wait for its node /dev/vfio/2
            The host would lose
              disk nvme0n1
            Giving 0000:01:00.0 back would
              1. let any driver bind to it
                 an empty line > /sys/bus/pci/devices/0000:01:00.0/driver_override
              2. unbind vfio-pci
                 0000:01:00.0 > /sys/bus/pci/devices/0000:01:00.0/driver/unbind
              3. have nvme bind to it
                 0000:01:00.0 > /sys/bus/pci/drivers_probe
              4. restore what nvme lets be set: reset method, power, names of interfaces
              5. remove the journal
                 /run/javelin/0000:01:00.0.json
            """);
  }

  @Test
  void shouldShowPlansOfCompanions() {
    assertThat(details("00:04.0"))
        .contains("with 0000:00:04.1, Audio device, driver snd_hda_intel")
        .contains("Taking 0000:00:04.0 would")
        .contains("Taking 0000:00:04.1 would")
        .contains("0000:00:04.1 > /sys/bus/pci/devices/0000:00:04.1/driver/unbind");
  }

  @Test
  void shouldShowNoPlanWhenDeviceIsNeverTaken() {
    assertThat(details("00:02.0")).contains("Verdict: never: a bridge").doesNotContain("Taking");
  }

  @Test
  void shouldWriteEverythingAsJson() {
    PciReport report = report();
    String json = PciJson.show(report, List.of(report.device(HostAddress.parse("00:03.0"))));
    assertThat(json.replaceAll("\\s+", " "))
        .isEqualTo(
            """
            { "devices": [ {"address": "0000:00:03.0",
             "path": "/sys/devices/pci0000:00/0000:00:03.0",
             "ids": {"vendor": "0x8086", "device": "0x10d3", "subsystemVendor": "0x1af4",
             "subsystemDevice": "0x1100", "class": "0x020000", "revision": "0x10"},
             "vendorName": "Intel Corporation", "deviceName": "82574L Network Connection",
             "className": "Ethernet controller", "headerType": 0, "modalias": "pci:v1234",
             "driver": "e1000e", "driverOverride": null,
             "iommuGroup": {"number": 3, "members": ["0000:00:03.0"], "reserved": []},
             "bars": [ {"index": 0, "kind": "mem32", "prefetchable": false, "size": 131072},
             {"index": 2, "kind": "io", "prefetchable": false, "size": 32},
             {"index": 6, "kind": "rom", "prefetchable": true, "size": 262144}],
             "msiVectors": null, "msixVectors": null, "portType": null, "resetMethods": ["pm"],
             "sriov": {"totalVfs": 0, "virtualFunctions": [], "physicalFunction": null},
             "bootVga": false, "numaNode": -1, "uses": [ {"kind": "network", "subject": "eth0",
             "words": "eth0 is up and has the default route"}], "verdict": {"kind": "in_use",
             "reason": "eth0 is up and has the default route", "companions": []}, "plans": [
             {"device": "0000:00:03.0", "take": [
             {"words": "write down its driver, override and settings in a journal",
             "file": "/run/javelin/0000:00:03.0.json", "value": null}, {"words": "let only vfio-pci bind to it",
             "file": "/sys/bus/pci/devices/0000:00:03.0/driver_override", "value": "vfio-pci\\u000a"},
             {"words": "unbind its driver e1000e",
             "file": "/sys/bus/pci/devices/0000:00:03.0/driver/unbind", "value": "0000:00:03.0"},
             {"words": "have vfio-pci bind to it", "file": "/sys/bus/pci/drivers_probe",
             "value": "0000:00:03.0"}, {"words": "wait for its node /dev/vfio/3", "file": null,
             "value": null}], "losses": ["network interface eth0"], "giveBack": [
             {"words": "let any driver bind to it",
             "file": "/sys/bus/pci/devices/0000:00:03.0/driver_override", "value": "\\u000a"},
             {"words": "unbind vfio-pci",
             "file": "/sys/bus/pci/devices/0000:00:03.0/driver/unbind", "value": "0000:00:03.0"},
             {"words": "have e1000e bind to it", "file": "/sys/bus/pci/drivers_probe",
             "value": "0000:00:03.0"},
             {"words": "restore what e1000e lets be set: reset method, power, names of interfaces",
             "file": null, "value": null}, {"words": "remove the journal",
             "file": "/run/javelin/0000:00:03.0.json", "value": null}]}]}] }"""
                .replace("\n", ""));
    assertThat(PciJson.list(report).lines().filter(line -> line.contains("\"address\"")))
        .hasSize(6)
        .noneMatch(line -> line.contains("plans"));
  }
}
