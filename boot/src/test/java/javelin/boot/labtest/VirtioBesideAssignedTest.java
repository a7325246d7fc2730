package javelin.boot.labtest;

import static org.assertj.core.api.Assertions.assertThat;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.net.StandardProtocolFamily;
import java.net.UnixDomainSocketAddress;
import java.nio.ByteBuffer;
import java.nio.channels.Channels;
import java.nio.channels.ServerSocketChannel;
import java.nio.channels.SocketChannel;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.TimeUnit;
import javelin.boot.lab.LabKernel;
import javelin.boot.machine.AssignSpec;
import javelin.boot.machine.ConsoleSpec;
import javelin.boot.machine.DiskSpec;
import javelin.boot.machine.FsSpec;
import javelin.boot.machine.NetSpec;
import javelin.boot.machine.PortSpec;
import javelin.boot.machine.RngSpec;
import javelin.boot.machine.VirtioSpecs;
import javelin.boot.machine.VsockSpec;
import javelin.passthrough.binding.BindingHost;
import javelin.passthrough.binding.HeldDevices;
import javelin.passthrough.host.HostAddress;
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
 * One stock Linux guest with a virtio device of each kind that goes with assignment, and an NVMe
 * disk and an e1000e of the lab's host beside them.
 */
@Tag("lab")
@Tag("devices")
@Tag("once")
@Timeout(600)
@TestMethodOrder(MethodOrderer.OrderAnnotation.class)
final class VirtioBesideAssignedTest {
  private static final List<String> DRIVERS =
      List.of(
          "nvme",
          "e1000e",
          "virtio_pci",
          "virtio_blk",
          "virtio_net",
          "virtio_console",
          "virtio_rng",
          "vmw_vsock_virtio_transport",
          "virtiofs");

  private static final int NVME_SLOT = 0x10;
  private static final int E1000E_SLOT = 0x11;
  private static final String HUB_IP = "192.168.77.1";
  private static final String TAP = "javelin0";
  private static final String TAP_IP = "192.168.79.1";
  private static final String TAP_MAC = "02:00:00:00:79:02";
  private static final String VHOST_TAP = "javelin1";
  private static final String VHOST_IP = "192.168.80.1";
  private static final String VHOST_MAC = "02:00:00:00:80:02";
  private static final int NET_BYTES = 8 << 20;
  private static final int DISK_MIB = 16;
  private static final long CID = 5;
  private static final int HOST_PORT = 5000;
  private static final int GUEST_PORT = 5001;
  private static final int SOCKET_BYTES = 1 << 20;
  private static final String E1000E =
      "$(basename /sys/bus/pci/devices/0000:00:" + Integer.toHexString(E1000E_SLOT) + ".0/net/*)";

  @TempDir static Path folder;

  private static final Resources TAKEN = new Resources();
  private static LinuxGuest guest;
  private static boolean hasFolder;

  @BeforeAll
  static void start() throws Exception {
    LabKernel kernel = LabKernel.of(LinuxGuest.kernel());
    Path initramfs =
        LinuxGuest.writeInitramfs(
            folder.resolve("initramfs.cpio"),
            kernel.modulesInOrder(DRIVERS, List.of()),
            Map.of(
                "vsock-dial", VsockProgram.dial(HOST_PORT),
                "vsock-serve", VsockProgram.serve(GUEST_PORT)));
    HostAddress nvme = LabPci.find("1b36", "0010", 0);
    HostAddress e1000e = LabPci.find("8086", "10d3", 0);
    List<AssignSpec> assigned =
        List.of(
            AssignSpec.parse("--assign", nvme + ",addr=" + hex(NVME_SLOT), false),
            AssignSpec.parse("--assign", e1000e + ",addr=" + hex(E1000E_SLOT), false));
    HostModules.load(kernel, folder, "tun", "vhost_net");
    TAKEN.own(
        HeldDevices.take(BindingHost.system(System.out::println), List.of(nvme, e1000e), false));
    LabNetwork.address(LabPci.find("1af4", "1000", 0), HUB_IP);
    VirtioSpecs virtio = virtio();
    guest =
        new LinuxGuest(
            kernel.image(), initramfs, config -> config.cpus(2).assigned(assigned).virtio(virtio));
    guest.ready();
  }

  private static String hex(int slot) {
    return Integer.toHexString(slot);
  }

  private static VirtioSpecs virtio() throws IOException {
    Path disk = folder.resolve("disk.img");
    Files.write(disk, new byte[DISK_MIB << 20]);
    Files.createDirectory(folder.resolve("shared"));
    hasFolder =
        HostSays.has("virtiofsd")
            || Files.isExecutable(Path.of("/usr/lib/qemu/virtiofsd"))
            || Files.isExecutable(Path.of("/usr/libexec/virtiofsd"));
    return new VirtioSpecs(
        List.of(DiskSpec.parse(disk + ",queues=2")),
        RngSpec.parse(""),
        List.of(
            NetSpec.parse("tap=" + TAP + ",queues=2,mac=" + TAP_MAC),
            NetSpec.parse("tap=" + VHOST_TAP + ",vhost=on,mac=" + VHOST_MAC)),
        new ConsoleSpec(
            ConsoleSpec.parse("socket:" + folder.resolve("hvc0")),
            List.of(PortSpec.parse("name=test.agent,to=file:" + folder.resolve("agent")))),
        null,
        VsockSpec.parse("cid=" + CID + ",path=" + folder.resolve("vm.sock")),
        hasFolder
            ? List.of(FsSpec.parse("tag=shared,dir=" + folder.resolve("shared")))
            : List.of());
  }

  @AfterAll
  static void end() {
    if (guest != null) {
      guest.close();
    }
    TAKEN.close();
  }

  @Test
  void shouldDriveTheDisksOfBothKinds() throws Exception {
    String nvme = "/dev/nvme0n1";
    guest.shell("dd if=/dev/urandom of=" + nvme + " bs=1M count=" + DISK_MIB + " oflag=direct");
    String copy = "dd if=%s of=%s bs=1M count=" + DISK_MIB + " %s 2> /dev/null";
    guest.shell(String.format(copy, nvme, "/dev/vda", "iflag=direct oflag=direct"));
    String written = guest.shell("dd if=" + nvme + " bs=1M count=" + DISK_MIB + " | sha256sum");
    assertThat(written).contains(Sha256.of(folder.resolve("disk.img")));
    assertThat(guest.shell("ls /sys/block/vda/mq | wc -l")).isEqualTo("2");
  }

  /** The guest's interface by its address. */
  private static String virtioNet(String mac) throws InterruptedException {
    return guest.shell("grep -l " + mac + " /sys/class/net/*/address").split("/", -1)[4];
  }

  private static void bringUp(String tap, String hostIp, String card, String guestIp)
      throws Exception {
    LabNetwork.up(tap, hostIp);
    guest.shell("ifconfig " + card + " " + guestIp + " up");
    assertThat(guest.shell("for i in 1 2 3 4 5; do ping -c 1 -W 2 " + hostIp + " && break; done"))
        .contains("1 packets received");
  }

  @Test
  void shouldMoveBytesThroughATapOfTwoQueues() throws Exception {
    String card = virtioNet(TAP_MAC);
    bringUp(TAP, TAP_IP, card, "192.168.79.2");
    assertThat(guest.shell("ls /sys/class/net/" + card + "/queues | grep -c rx-")).isEqualTo("2");
    // Notifications and interrupts take their way without an exit; a few may be other devices'.
    assertThat(new TcpExchange(guest, TAP_IP).run(NET_BYTES)).isLessThan(50);
  }

  /** The packets do not pass Javelin at all. */
  @Test
  void shouldMoveBytesThroughATapThatTheHostsKernelServes() throws Exception {
    bringUp(VHOST_TAP, VHOST_IP, virtioNet(VHOST_MAC), "192.168.80.2");
    assertThat(new TcpExchange(guest, VHOST_IP).run(NET_BYTES)).isLessThan(50);
  }

  @Test
  void shouldMoveBytesThroughTheAssignedCard() throws Exception {
    guest.shell("ifconfig " + E1000E + " 192.168.77.3 up");
    guest.shell("for i in 1 2 3 4 5 6 7 8; do ping -c 1 -W 1 " + HUB_IP + " && break; done; true");
    new TcpExchange(guest, HUB_IP).run(NET_BYTES / 4);
  }

  /** With getty and login, as on a terminal. */
  @Test
  void shouldLetAUserLogInOnTheConsole() throws Exception {
    guest.shell("mkdir -p /etc /root; echo root::0:0:root:/root:/bin/sh > /etc/passwd");
    guest.shell("echo root:x:0: > /etc/group; setsid getty -L 0 hvc0 vt100 & true");
    try (SocketChannel console = connect("hvc0")) {
      ByteArrayOutputStream seen = new ByteArrayOutputStream();
      send(console, "\n");
      read(console, seen, "login:");
      send(console, "root\n");
      read(console, seen, "# ");
      send(console, "echo user $(id -u) on $(tty)\n");
      read(console, seen, "user 0 on /dev/hvc0");
    }
  }

  private static SocketChannel connect(String name) throws IOException {
    return SocketChannel.open(UnixDomainSocketAddress.of(folder.resolve(name)));
  }

  private static void send(SocketChannel channel, String text) throws IOException {
    channel.write(ByteBuffer.wrap(text.getBytes(StandardCharsets.US_ASCII)));
  }

  /** Reads until {@code text} has come behind what was read before. */
  private static void read(SocketChannel channel, ByteArrayOutputStream seen, String text)
      throws IOException {
    int start = seen.size();
    ByteBuffer piece = ByteBuffer.allocate(256);
    while (!seen.toString(StandardCharsets.US_ASCII).substring(start).contains(text)) {
      assertThat(channel.read(piece.clear())).as("the end, after %s", seen).isPositive();
      seen.write(piece.array(), 0, piece.position());
    }
  }

  @Test
  void shouldWriteToAPortThatItFindsByItsName() throws Exception {
    guest.shell(
        "cd /sys/class/virtio-ports; for p in *; do if [ \"$(cat $p/name)\" = test.agent ]; then"
            + " echo through the port > /dev/$p; fi; done");
    assertThat(folder.resolve("agent")).hasContent("through the port\n");
  }

  @Test
  void shouldHaveRandomBytes() throws Exception {
    guest.shell("echo virtio_rng.0 > /sys/class/misc/hw_random/rng_current");
    assertThat(guest.shell("dd if=/dev/hwrng bs=32 count=1 2> /dev/null | wc -c")).isEqualTo("32");
  }

  @Test
  void shouldConnectToAProgramOfTheHosts() throws Exception {
    guest.shell("dd if=/dev/urandom of=/sent bs=64k count=" + (SOCKET_BYTES >> 16));
    Path path = folder.resolve("vm.sock_" + HOST_PORT);
    try (ServerSocketChannel server = ServerSocketChannel.open(StandardProtocolFamily.UNIX)) {
      server.bind(UnixDomainSocketAddress.of(path));
      CompletableFuture<Void> echo = CompletableFuture.runAsync(() -> echoOnce(server));
      guest.shell("vsock-dial /bin/sh -c 'cat /sent & cat > /back'");
      echo.get(1, TimeUnit.MINUTES);
    }
    assertThat(guest.shell("cmp /sent /back && wc -c < /back")).isEqualTo("" + SOCKET_BYTES);
  }

  /** Sends back as many bytes as are expected, and closes. */
  private static void echoOnce(ServerSocketChannel server) {
    try (SocketChannel peer = server.accept()) {
      byte[] bytes = Channels.newInputStream(peer).readNBytes(SOCKET_BYTES);
      Channels.newOutputStream(peer).write(bytes);
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  @Test
  void shouldTakeAConnectionOfTheHosts() throws Exception {
    byte[] bytes = new byte[SOCKET_BYTES];
    new Random(7).nextBytes(bytes);
    guest.shell("vsock-serve /bin/sh -c 'head -c " + SOCKET_BYTES + " | sha256sum' & sleep 1");
    try (SocketChannel peer = connect("vm.sock")) {
      send(peer, "CONNECT " + GUEST_PORT + "\n");
      ByteArrayOutputStream seen = new ByteArrayOutputStream();
      read(peer, seen, "\n");
      assertThat(seen.toString(StandardCharsets.US_ASCII)).matches("OK \\d+\n");
      Channels.newOutputStream(peer).write(bytes);
      String digest = Sha256.of(bytes);
      read(peer, seen, digest);
      assertThat(Channels.newInputStream(peer).readAllBytes()).hasSizeLessThan(8);
    }
  }

  @Test
  void shouldShareAFolder() throws Exception {
    assumeTrue(hasFolder, "virtiofsd is not installed");
    Path shared = folder.resolve("shared");
    byte[] bytes = new byte[SOCKET_BYTES];
    new Random(8).nextBytes(bytes);
    Files.write(shared.resolve("from-host"), bytes);
    guest.shell("mkdir /shared; mount -t virtiofs shared /shared");
    assertThat(guest.shell("sha256sum < /shared/from-host")).startsWith(Sha256.of(bytes));
    guest.shell("mkdir /shared/new; cp /shared/from-host /shared/new/copy; umount /shared");
    assertThat(Arrays.equals(Files.readAllBytes(shared.resolve("new/copy")), bytes)).isTrue();
  }

  @Test
  @Order(Integer.MAX_VALUE)
  void shouldPowerOffWithAllOfThem() throws Exception {
    guest.type("off");
    assertThat(guest.stopReason()).as(guest.console()).isEqualTo(new StopReason.PoweredOff());
  }
}
