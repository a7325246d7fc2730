package javelin.boot.labtest;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.InputStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import javelin.boot.lab.LabKernel;
import javelin.boot.machine.AssignSpec;
import javelin.passthrough.binding.BindingHost;
import javelin.passthrough.binding.HeldDevices;
import javelin.passthrough.host.HostAddress;
import javelin.vmm.linux.HostFiles;
import javelin.vmm.linux.Resources;
import javelin.vmm.machine.StopReason;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.MethodOrderer;
import org.junit.jupiter.api.Order;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.TestMethodOrder;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/**
 * One stock Linux guest, with stock drivers on devices that were taken from the lab's host, beside
 * Javelin's own; and the devices back in the host's hands after it.
 */
@Tag("lab")
@Tag("devices")
@Timeout(600)
@TestMethodOrder(MethodOrderer.OrderAnnotation.class)
final class AssignedLinuxTest {
  private static final List<String> DRIVERS =
      List.of("e1000", "e1000e", "nvme", "xhci_pci", "virtio_pci", "virtio_net", "ahci");
  private static final String HOST_IP = "192.168.77.1";
  private static final int NET_BYTES = 4 << 20;

  private static final int DISK_MIB = 64;

  /** Random bytes that are written again and again: making them is slow in an emulated guest. */
  private static final int PIECE_MIB = 4;

  /** The devices, by the slot that they have in the guest. */
  private enum Device {
    E1000(1, "8086", "100e", 0, "e1000"),
    E1000E(2, "8086", "10d3", 0, "e1000e"),
    NVME(3, "1b36", "0010", 0, "nvme"),
    XHCI(4, "1b36", "000d", 0, "xhci_hcd"),
    /** The second one: the first stays with the host, as the peer of the others. */
    VIRTIO_NET(5, "1af4", "1041", 0, "virtio-pci"),
    AHCI(6, "8086", "2922", 0, "ahci");

    final int slot;
    final String vendor;
    final String device;
    final int index;
    final String driver;

    Device(int slot, String vendor, String device, int index, String driver) {
      this.slot = slot;
      this.vendor = vendor;
      this.device = device;
      this.index = index;
      this.driver = driver;
    }

    String guestFolder() {
      return String.format("/sys/bus/pci/devices/0000:00:%02x.0", slot);
    }
  }

  @TempDir static Path folder;

  private static final Resources TAKEN = new Resources();
  private static final List<HostAddress> ADDRESSES = new ArrayList<>();
  private static LinuxGuest guest;
  private static String diskDigest;

  @BeforeAll
  static void start() throws Exception {
    LabKernel kernel = LabKernel.of(LinuxGuest.kernel());
    Map<String, byte[]> modules = kernel.modulesInOrder(DRIVERS, List.of());
    Path initramfs = LinuxGuest.writeInitramfs(folder.resolve("initramfs.cpio"), modules);
    List<AssignSpec> specs = new ArrayList<>();
    for (Device device : Device.values()) {
      HostAddress address = LabPci.find(device.vendor, device.device, device.index);
      ADDRESSES.add(address);
      String spec = LabPci.spec(address) + ",addr=" + device.slot;
      specs.add(AssignSpec.parse("--assign", spec, false));
    }
    TAKEN.own(HeldDevices.take(BindingHost.system(System.out::println), ADDRESSES, false));
    LabNetwork.address(LabPci.find("1af4", "1000", 0), HOST_IP);
    guest = new LinuxGuest(kernel.image(), initramfs, config -> config.cpus(1).assigned(specs));
    guest.ready();
  }

  @AfterAll
  static void end() {
    if (guest != null) {
      guest.close();
    }
    TAKEN.close();
  }

  @Test
  void shouldBindTheStockDriverToEachDevice() throws Exception {
    for (Device device : Device.values()) {
      assertThat(guest.shell("basename \"$(readlink " + device.guestFolder() + "/driver)\""))
          .as(device.name())
          .isEqualTo(device.driver);
    }
  }

  @Test
  void shouldInterruptByMsixWhereTheDeviceHasIt() throws Exception {
    for (Device device : List.of(Device.E1000E, Device.NVME, Device.XHCI)) {
      assertThat(guest.shell("cat " + device.guestFolder() + "/msi_irqs/* | sort -u"))
          .as(device.name())
          .isEqualTo("msix");
    }
    assertThat(guest.shell("cat " + Device.AHCI.guestFolder() + "/msi_irqs/*")).isEqualTo("msi");
    assertThat(guest.shell("ls " + Device.E1000.guestFolder())).doesNotContain("msi_irqs");
  }

  @Test
  void shouldMoveBytesBothWaysThroughE1000e() throws Exception {
    exchange(Device.E1000E, "192.168.77.3", NET_BYTES);
    assertThat(interrupts("PCI-MSI")).isPositive();
  }

  /** Its registers are in a BAR that KVM maps into the guest: no access leaves the guest. */
  @Test
  void shouldMoveBytesBothWaysThroughE1000WithItsPinAndNoExitForItsRegisters() throws Exception {
    String lines = "IO-APIC +1[6-9]-fasteoi|IO-APIC +2[0-3]-fasteoi";
    long interrupts = interrupts(lines);
    // Thousands of accesses if they left the guest; a few exits may be those of other devices.
    assertThat(exchange(Device.E1000, "192.168.77.2", NET_BYTES)).isLessThan(50);
    assertThat(interrupts(lines) - interrupts).isGreaterThan(10);
  }

  @Test
  void shouldMoveBytesBothWaysThroughVirtioNet() throws Exception {
    exchange(Device.VIRTIO_NET, "192.168.77.4", NET_BYTES);
  }

  /**
   * The one thread of Javelin that could take part in an interrupt is the devices' event loop. It
   * has the console to serve, some hundred times here, but none of some thousand interrupts.
   */
  @Test
  void shouldInterruptWithoutAnyThreadOfJavelinsOwn() throws Exception {
    String lines = "PCI-MSI.*nvme0";
    String read = "dd if=/dev/" + guestDisk() + " of=/dev/null bs=4k count=1000 iflag=direct";
    guest.shell(read);
    long interrupts = interrupts(lines);
    long wakeUps = HostSays.wakeUpsOfThread("devices");
    guest.shell(read);
    assertThat(interrupts(lines) - interrupts).isGreaterThanOrEqualTo(1000);
    assertThat(HostSays.wakeUpsOfThread("devices") - wakeUps).isLessThan(500);
  }

  private static String guestDisk() throws InterruptedException {
    return guest.shell("basename " + Device.NVME.guestFolder() + "/nvme/nvme*/nvme*n1");
  }

  /** Interrupts that the guest has counted on lines of /proc/interrupts that match. */
  private static long interrupts(String pattern) throws InterruptedException {
    String sum =
        "grep -E '" + pattern + "' /proc/interrupts | awk '{n += $2 + $3} END {print n+0}'";
    return Long.parseLong(guest.shell(sum));
  }

  /** Moves bytes both ways; returns the exits to Javelin meanwhile. */
  private static long exchange(Device device, String ip, int bytes) throws Exception {
    bringUp(device, ip);
    return new TcpExchange(guest, HOST_IP).run(bytes);
  }

  /** Brings the guest's interface up: one at a time, so that the answers take the same way. */
  private static void bringUp(Device device, String ip) throws InterruptedException {
    String folder = device.guestFolder();
    String net = "$(ls " + folder + "/net " + folder + "/virtio*/net 2> /dev/null | grep eth)";
    guest.shell("for n in /sys/class/net/eth*; do ifconfig ${n##*/} 0.0.0.0 down; done");
    guest.shell("ifconfig " + net + " " + ip + " up");
    String ping = "ping -c 1 -W 1 " + HOST_IP + " > /dev/null";
    guest.shell("for i in 1 2 3 4 5 6 7 8 9; do " + ping + " && break; done; true");
  }

  @Test
  void shouldReadBackWhatItWritesToNvme() throws Exception {
    String disk = "$(ls -d " + Device.NVME.guestFolder() + "/nvme/nvme*/nvme*n1)";
    String node = "/dev/$(basename " + disk + ")";
    guest.shell("dd if=/dev/urandom of=/piece bs=64k count=" + PIECE_MIB * 16 + " 2> /dev/null");
    guest.shell(
        "for i in $(seq " + DISK_MIB / PIECE_MIB + "); do cat /piece; done > /disk; rm /piece");
    String written = guest.shell("sha256sum < /disk");
    guest.shell("dd if=/disk of=" + node + " bs=1M oflag=direct && rm /disk");
    String read = "dd if=" + node + " bs=1M count=%d iflag=direct 2> /dev/null | sha256sum";
    assertThat(guest.shell(String.format(read, DISK_MIB))).isEqualTo(written);
    diskDigest = written.split(" ", -1)[0];
  }

  @Test
  void shouldSeeRootHubsOfXhciAndPortsOfAhci() throws Exception {
    assertThat(guest.shell("ls -d " + Device.XHCI.guestFolder() + "/usb*")).contains("usb1");
    assertThat(guest.shell("ls -d " + Device.AHCI.guestFolder() + "/ata*")).contains("ata1");
  }

  @Test
  @Order(Integer.MAX_VALUE - 1)
  void shouldHaveItsDevicesAgainAfterAReboot() throws Exception {
    guest.reboot();
    shouldBindTheStockDriverToEachDevice();
    exchange(Device.E1000, "192.168.77.2", NET_BYTES);
    exchange(Device.E1000E, "192.168.77.3", NET_BYTES);
    String disk = "$(basename $(ls -d " + Device.NVME.guestFolder() + "/nvme/nvme*/nvme*n1))";
    String digest = "dd if=/dev/" + disk + " bs=1M count=%d iflag=direct 2> /dev/null | sha256sum";
    assertThat(guest.shell(String.format(digest, DISK_MIB))).startsWith(diskDigest);
  }

  @Test
  @Order(Integer.MAX_VALUE)
  void shouldGiveEveryDeviceBackToTheHost() throws Exception {
    guest.type("off");
    assertThat(guest.stopReason()).as(guest.console()).isEqualTo(new StopReason.PoweredOff());
    guest.close();
    TAKEN.close();
    HostFiles host = HostFiles.system();
    for (int i = 0; i < ADDRESSES.size(); i++) {
      assertThat(LabPci.driver(ADDRESSES.get(i))).isEqualTo(Device.values()[i].driver);
    }
    HostAddress nvme = ADDRESSES.get(Device.NVME.ordinal());
    String disk = LabNetwork.await(() -> host.names(nvme.sysfs() + "/nvme"), "the host's NVMe");
    try (InputStream in = Files.newInputStream(Path.of("/dev/" + disk + "n1"))) {
      assertThat(diskDigest).isEqualTo(Sha256.of(in.readNBytes(DISK_MIB << 20)));
    }
  }
}
