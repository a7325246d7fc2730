package javelin.passthrough.host.use;

import static org.assertj.core.api.Assertions.assertThat;

import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import javelin.passthrough.host.FakePciDevice;
import javelin.passthrough.host.FakePciHost;
import javelin.passthrough.host.HostInventory;
import javelin.passthrough.host.use.DeviceUse.Kind;
import javelin.vmm.linux.HostFiles;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class DeviceUsesTest {
  /** 192.0.2.0/24 in the words of /proc/net/route. */
  private static final String LAN = "000200C0 00FFFFFF";

  private static final String DEFAULT = "00000000 00000000";

  @TempDir Path root;

  private FakePciHost host;
  private FakePciDevice device;

  @BeforeEach
  void makeHost() {
    host = new FakePciHost(root);
    device = host.device("00:03.0").group(3);
  }

  private List<DeviceUse> uses(Map<String, String> environment) {
    return new DeviceUses(host.files(), environment).of(host.read("00:03.0"));
  }

  private List<String> words() {
    return uses(Map.of()).stream().map(DeviceUse::words).toList();
  }

  @Test
  void shouldHaveNoUseWhenNothingHangsOnIt() {
    host.device("00:04.0").netdev("eth0", true).disk("nvme/nvme0", "nvme0n1", "259:0");
    host.routes("eth0 " + DEFAULT).mounts("259:0 / /dev/nvme0n1");

    assertThat(words()).isEmpty();
  }

  @Test
  void shouldBeFreeWhenInterfaceIsDownOrHasNoRoute() {
    device.netdev("eth0", false).netdev("eth1", true);
    host.routes("eth0 " + DEFAULT);

    assertThat(words()).isEmpty();
  }

  @Test
  void shouldNameDefaultRouteWhenInterfaceIsUp() {
    device.netdev("eth0", true);
    host.routes("eth0 " + LAN, "eth0 " + DEFAULT);

    assertThat(uses(Map.of()))
        .containsExactly(
            new DeviceUse(Kind.NETWORK, "eth0", "eth0 is up and has the default route and 1 more"));
  }

  @Test
  void shouldNameTheUsesOfOneInterfaceOnly() {
    device.netdev("eth0", true).netdev("eth1", true);
    host.routes("eth0 " + LAN);

    DeviceUses uses = new DeviceUses(host.files(), Map.of());
    assertThat(uses.ofInterface("eth0")).extracting(DeviceUse::subject).containsExactly("eth0");
    assertThat(uses.ofInterface("eth1")).isEmpty();
  }

  @Test
  void shouldNameRouteWhenInterfaceIsBehindVirtioDevice() {
    device.child("net", "virtio0/net/eth0", "eth0").attribute("virtio0/net/eth0/flags", "0x1003");
    host.routes("eth0 " + LAN);

    assertThat(words()).containsExactly("eth0 is up and has a route to 192.0.2.0/24");
  }

  @Test
  void shouldNameRouteOfIpv6ButNotTheLinkLocalOne() {
    device.netdev("eth0", true).netdev("eth1", true);
    String via = " 00000000000000000000000000000000 00 00000000000000000000000000000000 ";
    String metric = "00000100 00000001 00000000 ";
    host.file(
        "/proc/net/ipv6_route",
        "fe800000000000000000000000000000 40"
            + via
            + metric
            + "00000001 eth1\n"
            + "ff000000000000000000000000000000 08"
            + via
            + metric
            + "00000001 eth1\n"
            + "20010db8000000000000000000000005 80"
            + via
            + metric
            + "80200001 eth1\n"
            + "00000000000000000000000000000000 00"
            + via
            + metric
            + "00200200 eth1\n"
            + "20010db8000000000000000000000000 40"
            + via
            + metric
            + "00000001 eth0\n");

    assertThat(words()).containsExactly("eth0 is up and has a route to 2001:db8:0:0:0:0:0:0/64");
  }

  @Test
  void shouldNameBridgeAndBondWhenInterfaceIsEnslaved() {
    device.netdev("eth0", true).netdev("eth1", false);
    host.directory("/sys/devices/virtual/net/br0/bridge")
        .link("/sys/class/net/br0", "/sys/devices/virtual/net/br0")
        .link(device.path() + "/net/eth0/master", "/sys/devices/virtual/net/br0")
        .directory("/sys/devices/virtual/net/bond0/bonding")
        .link("/sys/class/net/bond0", "/sys/devices/virtual/net/bond0")
        .link(device.path() + "/net/eth1/master", "/sys/devices/virtual/net/bond0");

    assertThat(words())
        .containsExactly("eth0 is part of the bridge br0", "eth1 is part of the bond bond0");
  }

  @Test
  void shouldNameVlanWhenRouteGoesThroughIt() {
    device.netdev("eth0", true);
    host.directory("/sys/devices/virtual/net/eth0.7")
        .link("/sys/class/net/eth0.7", "/sys/devices/virtual/net/eth0.7")
        .link(device.path() + "/net/eth0/upper_eth0.7", "/sys/devices/virtual/net/eth0.7")
        .routes("eth0.7 " + DEFAULT);

    assertThat(words()).containsExactly("eth0 is up and eth0.7 on it has the default route");
  }

  @Test
  void shouldNameSshSessionWhenItsMostSpecificRouteIsHere() {
    device.netdev("eth0", true);
    host.device("00:04.0").netdev("eth1", true);
    host.routes("eth1 " + DEFAULT, "eth0 " + LAN);

    assertThat(uses(Map.of("SSH_CONNECTION", "192.0.2.7 50022 192.0.2.1 22")))
        .contains(
            new DeviceUse(Kind.SSH, "eth0", "eth0 carries this SSH session (from 192.0.2.7)"));
    assertThat(uses(Map.of("SSH_CONNECTION", "198.51.100.7 50022 192.0.2.1 22")))
        .noneMatch(use -> use.kind() == Kind.SSH);
  }

  @Test
  void shouldNameSshSessionWhenPeerIsLinkLocal() {
    device.netdev("eth0", true);

    assertThat(uses(Map.of("SSH_CONNECTION", "fe80::1%eth0 50022 fe80::2%eth0 22")))
        .extracting(DeviceUse::words)
        .containsExactly("eth0 carries this SSH session (from fe80:0:0:0:0:0:0:1)");
    assertThat(uses(Map.of("SSH_CONNECTION", "UNKNOWN 65535 UNKNOWN 65535"))).isEmpty();
  }

  @Test
  void shouldNameMountPointWhenDiskOrPartitionIsMounted() {
    device.disk("nvme/nvme0", "nvme0n1", "259:0");
    host.partition("nvme0n1", "nvme0n1p1", "259:1")
        .partition("nvme0n1", "nvme0n1p2", "259:2")
        .mounts("259:1 /my\\040data /dev/x", "259:1 /elsewhere /dev/x", "8:1 / /dev/sda1");

    assertThat(uses(Map.of()))
        .containsExactly(
            new DeviceUse(
                Kind.BLOCK,
                "nvme0n1p1",
                "/dev/nvme0n1p1 is mounted on /my data and in one more place"));
  }

  @Test
  void shouldNameMountPointWhenFileSystemHasNumberOfItsOwn() {
    device.disk("ata1/host0", "sda", "8:0");
    host.mounts("0:35 /home /dev/disk/by-label/home").link("/dev/disk/by-label/home", "/dev/sda");
    host.file("/dev/sda", "");

    assertThat(words()).containsExactly("/dev/sda is mounted on /home");
  }

  @Test
  void shouldNameBtrfsWhenItIsOneOfSeveralDevices() {
    device.disk("ata1/host0", "sda", "8:0");
    host.link("/sys/fs/btrfs/0f0e/devices/sda", device.path() + "/ata1/host0/sda");

    assertThat(words()).containsExactly("/dev/sda is part of the btrfs file system 0f0e");
  }

  @Test
  void shouldNameSwapSpace() {
    device.disk("virtio1/block", "vda", "254:0");
    host.partition("vda", "vda2", "254:2")
        .file("/proc/swaps", "Filename Type Size Used Priority\n/dev/vda2 partition 1 0 -2\n");

    assertThat(words()).containsExactly("/dev/vda2 is swap space");
  }

  @Test
  void shouldNameVolumeWhenDiskIsUnderDeviceMapper() {
    device.disk("nvme/nvme0", "nvme0n1", "259:0");
    host.holder("dm-0", "253:0", "nvme0n1")
        .file("/sys/block/dm-0/dm/name", "vg-root\n")
        .mounts("253:0 / /dev/mapper/vg-root");

    assertThat(words())
        .containsExactly(
            "/dev/nvme0n1 is behind the device-mapper volume vg-root (dm-0), mounted on /");
  }

  @Test
  void shouldNameWholeChainWhenVolumeIsOnRaid() {
    device.disk("ata1/host0", "sda", "8:0");
    host.partition("sda", "sda1", "8:1")
        .holder("md0", "9:0", "sda/sda1")
        .directory("/sys/block/md0/md")
        .holder("dm-1", "253:1", "md0")
        .file("/sys/block/dm-1/dm/name", "vg-swap\n")
        .file("/proc/swaps", "Filename Type\n/dev/mapper/vg-swap partition\n");

    assertThat(words())
        .containsExactly(
            "/dev/sda1 is behind the RAID array md0 and the device-mapper volume vg-swap (dm-1),"
                + " swap space");
  }

  @Test
  void shouldBeInUseWhenVolumeIsOpenButNotMounted() {
    device.disk("ata1/host0", "sda", "8:0");
    host.holder("bcache0", "252:0", "sda");

    assertThat(words()).containsExactly("/dev/sda is behind the block device bcache0");
  }

  @Test
  void shouldNamePartitionsOfWhatStandsOnADisk() {
    device.disk("ata1/host0", "sda", "8:0");
    host.holder("md0", "9:0", "sda")
        .directory("/sys/block/md0/md")
        .partition("md0", "md0p1", "259:7")
        .mounts("259:7 /srv /dev/md0p1");

    assertThat(words())
        .containsExactly("/dev/sda is behind the block device md0p1, mounted on /srv");
  }

  @Test
  void shouldNameMountPointWhenDiskHasSeveralControllers() {
    String subsystem = "/sys/devices/virtual/nvme-subsystem/nvme-subsys0";
    device.attribute("nvme/nvme0/nvme0c0n1/hidden", "1");
    host.link("/sys/block/nvme0c0n1", device.path() + "/nvme/nvme0/nvme0c0n1")
        .file(subsystem + "/nvme0n1/dev", "259:0\n")
        .link("/sys/block/nvme0n1", subsystem + "/nvme0n1")
        .link(subsystem + "/nvme0", device.path() + "/nvme/nvme0")
        .mounts("259:0 /data /dev/nvme0n1");

    assertThat(words()).containsExactly("/dev/nvme0n1 is mounted on /data");
  }

  @Test
  void shouldNameSharedFolderWhenItsDriverHasIt() {
    device.attribute("virtio0/mount_tag", "hostroot\0");
    host.link("/sys/bus/virtio/devices/virtio0", device.path() + "/virtio0");
    assertThat(words()).isEmpty();

    host.link(device.path() + "/virtio0/driver", "/sys/bus/virtio/drivers/9pnet_virtio");
    assertThat(words())
        .containsExactly("it is the shared folder \"hostroot\", which may be mounted");
  }

  @Test
  void shouldNameBootDisplayAndFramebuffer() {
    device
        .attribute("boot_vga", "1")
        .child("graphics", "graphics/fb0", "fb0")
        .attribute("graphics/fb0/name", "bochs-drmdrmfb");

    assertThat(uses(Map.of()))
        .containsExactly(
            new DeviceUse(Kind.DISPLAY, "boot_vga", "it is the display that this host booted on"),
            new DeviceUse(Kind.DISPLAY, "fb0", "it shows the framebuffer fb0 (bochs-drmdrmfb)"));
  }

  @Test
  void shouldNameKeyboardsAndPointersButNoButtons() {
    input(
        "input3", "A Keyboard", "1000000000007 ff9f207ac14057ff ffbeffdfffefffff fffffffffffffffe");
    input("input4", "A Mouse", "70000 0 0 0 0");
    input("input5", "A Power Button", "10000000000000 0");

    assertThat(uses(Map.of()))
        .containsExactly(
            new DeviceUse(Kind.INPUT, "input3", "the keyboard \"A Keyboard\" hangs on it"),
            new DeviceUse(Kind.INPUT, "input4", "the pointer \"A Mouse\" hangs on it"));
  }

  private void input(String name, String model, String keys) {
    String place = "usb1/1-1/1-1:1.0/input/" + name;
    device
        .child("input", place, name)
        .attribute(place + "/name", model)
        .attribute(place + "/capabilities/key", keys);
  }

  @Test
  void shouldNameDiskWhenItIsOnUsb() {
    device.disk("usb1/1-2/1-2:1.0/host6/target6:0:0/6:0:0:0/block", "sdb", "8:16");
    host.partition("sdb", "sdb1", "8:17").mounts("8:17 /media/stick /dev/sdb1");

    assertThat(words()).containsExactly("/dev/sdb1 is mounted on /media/stick");
  }

  @Test
  void shouldNameSerialPortWhenKernelTalksThere() {
    device.child("tty", "tty/ttyS4", "ttyS4").child("tty", "tty/ttyS5", "ttyS5");
    host.file("/sys/class/tty/console/active", "tty0 ttyS4\n");

    assertThat(words()).containsExactly("ttyS4 is the kernel's console");
  }

  @Test
  void shouldNameProgramWhenItHasANodeOpen() {
    device
        .character("drm/card0", "226:0", "dri/card0")
        .character("drm/card1", "226:1", "dri/card1")
        .character("usb1/input/event3", "13:67", "input/event3");
    host.process(812, "Xorg", "/dev/null", "/dev/dri/card0")
        .process(813, "compositor", "/dev/dri/card0")
        .process(1, "logind", "/dev/input/event3", "/dev/dri/card9");

    assertThat(uses(Map.of()))
        .containsExactly(
            new DeviceUse(
                Kind.PROGRAM,
                "/dev/dri/card0",
                "Xorg (process 812) has /dev/dri/card0 open, as has one other"));
  }

  @Test
  void shouldNameVirtualMachineWhenItHasTheGroupOpen() {
    host.process(4711, "java", "/dev/vfio/3");
    assertThat(words()).isEmpty();

    device.driver("vfio-pci");
    assertThat(words()).containsExactly("java (process 4711) has /dev/vfio/3 open");
  }

  @Test
  void shouldNameVirtualFunctionsWhenTheyAreOn() {
    device.virtualFunction(0, host.device("00:13.0"));

    assertThat(words())
        .containsExactly(
            "its virtual functions are on: 0000:00:13.0 (echo 0 >"
                + " /sys/bus/pci/devices/0000:00:03.0/sriov_numvfs ends them)");
    assertThat(new DeviceUses(host.files(), Map.of()).of(host.read("00:13.0"))).isEmpty();
  }

  @Test
  void shouldLookAtThisHostWithoutFailing() {
    HostFiles files = HostFiles.system();
    DeviceUses uses = new DeviceUses(files, System.getenv());

    assertThat(HostInventory.read(files).devices())
        .flatMap(uses::of)
        .allSatisfy(use -> assertThat(use.words()).contains(" "));
  }
}
