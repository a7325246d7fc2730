package javelin.passthrough.host;

import static org.assertj.core.api.Assertions.assertThat;

import java.nio.file.Path;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class PciNamesTest {
  private static final String TEXT =
      """
      # A comment  with two blanks
      1af4  Some Vendor
      \t1000  First Device
      \t\t1af4 0001  Some Board
      8086  Vendor Élan
      \t10d3  Second Device
      ffff  Illegal Vendor ID


      C 02  Network controller
      \t00  Ethernet interface
      \t\t01  Some interface
      C 0c  Serial bus
      """;

  @TempDir Path root;

  private static PciIds ids(int vendor, int device, int classCode) {
    return new PciIds(vendor, device, 0, 0, classCode, 0);
  }

  @Test
  void shouldNameVendorsDevicesAndClassesWhenPciIdsIsInstalled() {
    FakePciHost host = new FakePciHost(root).file("/usr/share/misc/pci.ids", TEXT);
    PciNames names = new PciNames(host.files());

    assertThat(names.vendor(ids(0x8086, 0, 0))).contains("Vendor Élan");
    assertThat(names.device(ids(0x8086, 0x10D3, 0))).contains("Second Device");
    assertThat(names.device(ids(0x8086, 0x1000, 0))).isEmpty();
    assertThat(names.device(ids(0x1AF4, 0x0001, 0))).isEmpty();
    assertThat(names.className(ids(0, 0, 0x020001))).isEqualTo("Ethernet interface");
    assertThat(names.className(ids(0, 0, 0x0C0330))).isEqualTo("USB controller");
    assertThat(names.className(ids(0, 0, 0x0C7700))).isEqualTo("Serial bus");
  }

  @Test
  void shouldNameUsualClassesWhenPciIdsIsMissing() {
    PciNames names = new PciNames(new FakePciHost(root).files());

    assertThat(names.vendor(ids(0x8086, 0, 0))).isEmpty();
    assertThat(names.className(ids(0, 0, 0x010802))).isEqualTo("NVMe controller");
    assertThat(names.className(ids(0, 0, 0x018000))).isEqualTo("Storage controller");
    assertThat(names.className(ids(0, 0, 0xFF0100))).isEqualTo("class ff01");
  }
}
