package javelin.boot.machine;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import javelin.devices.pci.AddressWindow;
import javelin.devices.pci.PciRoot;
import javelin.devices.virtio.net.NetBackend;
import javelin.devices.virtio.pci.VirtioMachine;
import javelin.passthrough.fake.FakeKvm;
import javelin.vmm.bus.IoSpace;
import javelin.vmm.irq.GsiRoutes;
import javelin.vmm.linux.Errno;
import javelin.vmm.linux.FakeChannel;
import javelin.vmm.linux.FakeSyscalls;
import javelin.vmm.linux.FakeUring;
import javelin.vmm.linux.Linux;
import javelin.vmm.memory.GuestMemory;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** From the options to the functions on the bus, on a faked kernel. */
class VirtioDevicesTest {
  private static final long VIRTIO_BLK = 0x1042_1af4L;
  private static final long VIRTIO_RNG = 0x1044_1af4L;
  private static final long VIRTIO_CONSOLE = 0x1043_1af4L;
  private static final long VIRTIO_BALLOON = 0x1045_1af4L;
  private static final long NOTHING = 0xffff_ffffL;

  private final FakeSyscalls syscalls = new FakeSyscalls();
  private final Linux linux = new Linux(syscalls);
  private final FakeKvm kvm = new FakeKvm(syscalls);
  private final PciRoot pci =
      new PciRoot(
          IoSpace.ports(),
          IoSpace.mmio(),
          List.of(),
          List.of(new AddressWindow(0xc000_0000L, 0x1000_0000L)),
          gsi -> isActive -> {});
  private final List<String> problems = new ArrayList<>();

  @AfterEach
  void requireNothingLeft() {
    kvm.close();
    syscalls.requireNothingOpen();
    syscalls.close();
  }

  private VirtioDevices add(VirtioSpecs specs) {
    return new VirtioDevices(
        specs,
        new VirtioMachine(
            linux, kvm.vm(), new GsiRoutes(kvm.vm()), pci, new GuestMemory(), problems::add),
        (user, spec, loop) -> SerialBackends.open(user, spec, loop, null, problems::add));
  }

  private VirtioDevices add(String disk) {
    return add(new VirtioSpecs(List.of(DiskSpec.parse(disk)), null));
  }

  private long id(int device) {
    return pci.bus().read(device << 3, 0, 4) & NOTHING;
  }

  @Test
  void shouldPutTheDevicesOnTheBusAndTakeThemOffAgain() {
    syscalls.file("/a.img", new byte[4096]).file("/b.img", new byte[512]);
    VirtioSpecs specs =
        new VirtioSpecs(
            List.of(DiskSpec.parse("/a.img"), DiskSpec.parse("/b.img,readonly=on,queues=2")),
            new RngSpec(1024));
    try (VirtioDevices devices = add(specs)) {
      assertThat(devices).isNotNull();
      assertThat(List.of(id(0), id(1), id(2), id(3)))
          .containsExactly(VIRTIO_BLK, VIRTIO_BLK, VIRTIO_RNG, NOTHING);
      assertThat(syscalls.calls("open")).contains("open(/b.img, " + Linux.O_CLOEXEC + ", 0)");
      assertThat(syscalls.calls("flock")).as("only of what is written to").hasSize(1);
    }
    assertThat(id(0)).isEqualTo(NOTHING);
    assertThat(problems).isEmpty();
  }

  @Test
  void shouldRefuseADiskThatIsWrittenToTwice() {
    syscalls.file("/a.img", new byte[4096]);
    VirtioSpecs specs =
        new VirtioSpecs(List.of(DiskSpec.parse("/a.img"), DiskSpec.parse("/a.img")), null);
    assertThatThrownBy(() -> add(specs))
        .isInstanceOf(ConfigException.class)
        .hasMessage(
            "--disk /a.img: another machine, or another --disk, writes to it: end that, or give"
                + " each a copy");
    assertThat(id(0)).as("the first one went with it").isEqualTo(NOTHING);
  }

  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      value = {
        "ENOENT | | no such file; `truncate -s 10G /a.img` makes an empty disk",
        "EBUSY | | the host uses it: unmount it first, or give readonly=on",
        "EACCES | | cannot be written to: EACCES (permission denied); try readonly=on",
        "EACCES | ,readonly=on | cannot be opened: EACCES (permission denied)",
      })
  void shouldSayWhyADiskCannotBeOpened(Errno errno, String options, String reason) {
    syscalls.fail("open", 1, errno);
    assertThatThrownBy(() -> add("/a.img" + (options == null ? "" : options)))
        .hasMessage("--disk /a.img: " + reason);
  }

  @Test
  void shouldTakeIoUringWhereTheKernelHasIt() {
    syscalls.file("/a.img", new byte[4096]);
    assertThatThrownBy(() -> add("/a.img,aio=uring"))
        .hasMessage(
            "--disk /a.img: this kernel gives no io_uring (it is older than 5.5, or"
                + " kernel.io_uring_disabled is set): leave aio=uring away");
    FakeUring kernel = new FakeUring(syscalls);
    assertThat(kernel.held()).isZero();
    for (String options : List.of("", ",aio=uring", ",aio=threads", ",aio=sync")) {
      try (VirtioDevices devices = add("/a.img" + options)) {
        assertThat(devices).isNotNull();
        assertThat(syscalls.openFds().stream().anyMatch(line -> line.contains("io_uring")))
            .as(options)
            .isEqualTo(options.isEmpty() || options.endsWith("uring"));
      }
    }
  }

  @Test
  void shouldOpenADiskForDirectIo() {
    syscalls.file("/a.img", new byte[4096]);
    try (VirtioDevices devices = add("/a.img,readonly=on,cache=none")) {
      assertThat(devices).isNotNull();
      int flags = Linux.O_CLOEXEC | Linux.O_DIRECT;
      assertThat(syscalls.calls("open")).contains("open(/a.img, " + flags + ", 0)");
    }
    syscalls.fail("open", 1, Errno.EINVAL);
    assertThatThrownBy(() -> add("/a.img,cache=none"))
        .hasMessage("--disk /a.img: its file system has no direct I/O: leave cache=none away");
  }

  @Test
  void shouldRefuseWhatIsNoDisk() {
    syscalls.file("/empty", new byte[0]).file("/odd", new byte[513]);
    assertThatThrownBy(() -> add("/empty"))
        .hasMessage("--disk /empty: is empty; `truncate -s 10G /empty` makes a disk of it");
    assertThatThrownBy(() -> add("/odd"))
        .hasMessage(
            "--disk /odd: 513 bytes are no whole number of sectors of 512; `truncate -s %512 /odd`"
                + " adds what is missing");
    assertThatThrownBy(() -> add("/")).hasMessage("--disk /: is a directory, give a file");
    syscalls.failAlways("lseek", Errno.ESPIPE);
    assertThatThrownBy(() -> add("/odd"))
        .hasMessage("--disk /odd: cannot be used: lseek /odd: ESPIPE (illegal seek)");
  }

  private VirtioDevices addNet(String net) {
    return add(
        new VirtioSpecs(List.of(), null, List.of(NetSpec.parse(net)), ConsoleSpec.NONE, null));
  }

  @Test
  void shouldPutANetworkDeviceOnTheBus() {
    List<FakeChannel> taps = List.of(new FakeChannel(false), new FakeChannel(false));
    syscalls.channels("/dev/net/tun", taps);
    try (VirtioDevices devices = addNet("tap=tap0,queues=2,mac=02:00:00:00:00:01")) {
      assertThat(devices).isNotNull();
      assertThat(id(0)).isEqualTo(0x1041_1af4L);
    }
    assertThat(problems).isEmpty();
  }

  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      value = {
        "open | 1 | ENOENT | tap=tap0 | the host has no /dev/net/tun; `modprobe tun` loads its"
            + " driver",
        "open | 1 | EACCES | tap=tap0 | /dev/net/tun cannot be opened: EACCES (permission denied);"
            + " its mode is 0666 on most hosts, and --net passt needs no tap",
        "ioctl | 1 | EPERM | tap=tap0 | only root may make this tap, or use one that is not its"
            + " own: have root run `ip tuntap add tap0 mode tap user $USER`, or use --net passt",
        "ioctl | 1 | EBUSY | tap=tap0 | another program has this tap open",
        "ioctl | 1 | EINVAL | tap=tap0,queues=2 | there is such an interface, but no tap with"
            + " several queues: choose another name, or delete it and run `ip tuntap add tap0"
            + " mode tap user $USER multi_queue`",
        "ioctl | 2 | ENOTTY | tap=tap0 | cannot be used: TUNSETVNETHDRSZ tap0: ENOTTY"
            + " (inappropriate ioctl for the device)",
        "ioctl | 1 | EBADF | fd=7 | is no open tap: EBADF (bad file descriptor)",
        "connect | 1 | ENOENT | socket=/run/p | no such socket; `passt --socket /run/p` listens"
            + " at one",
        "connect | 1 | ECONNREFUSED | socket=/run/p | nothing listens there any more",
        "connect | 1 | EACCES | socket=/run/p | cannot be connected to: EACCES (permission denied)",
      })
  void shouldSayWhyThereIsNoNetwork(
      String call, int occurrence, Errno errno, String net, String reason) {
    syscalls.channels("/dev/net/tun", List.of(new FakeChannel(false), new FakeChannel(false)));
    syscalls.fail(call, occurrence, errno);
    assertThatThrownBy(() -> addNet(net))
        .hasMessage("--net " + net.split(",", 2)[0] + ": " + reason);
  }

  @Test
  void shouldNameThePackageWhereThereIsNoPasst() {
    assertThatThrownBy(
            () -> PasstProcess.start(linux, NetSpec.parse("passt"), "/nowhere/passt-of-no-one"))
        .isInstanceOf(ConfigException.class)
        .hasMessage(
            "--net passt: there is no program /nowhere/passt-of-no-one here; `apt install passt`"
                + " installs it");
  }

  @Test
  void shouldSayWhatPasstSaidWhenItEnds(@TempDir Path folder) throws IOException {
    Path program = folder.resolve("passt");
    Files.writeString(program, "#!/bin/sh\necho 'no interface with a route' >&2\nexit 1\n");
    assertThat(program.toFile().setExecutable(true)).isTrue();
    assertThatThrownBy(
            () -> PasstProcess.start(Linux.system(), NetSpec.parse("passt"), program.toString()))
        .hasMessage("--net passt: passt ended with code 1: no interface with a route");
  }

  @Test
  void shouldEndPasstWithTheDevice(@TempDir Path folder) throws Exception {
    // What passt does for its socket, the faked connect does; the program only has to stay.
    Path program = folder.resolve("passt");
    Files.writeString(program, "#!/bin/sh\nexec sleep 60\n");
    assertThat(program.toFile().setExecutable(true)).isTrue();
    syscalls.fail("connect", 1, Errno.ENOENT).fail("connect", 2, Errno.ECONNREFUSED);
    PasstProcess passt = PasstProcess.start(linux, NetSpec.parse("passt"), program.toString());
    assertThat(passt.isAlive()).isTrue();
    assertThat(passt.pairs()).isEqualTo(1);
    passt.close();
    assertThat(passt.isAlive()).isFalse();
  }

  /** As root too, whose rights passt gives up before it makes its socket. */
  @Test
  void shouldConnectToTheHostsOwnPasst() {
    Path program = Path.of("/usr/bin/passt");
    assumeTrue(Files.isExecutable(program), "passt is not installed");
    PasstProcess passt;
    try {
      passt = PasstProcess.start(Linux.system(), NetSpec.parse("passt"), program.toString());
    } catch (ConfigException e) {
      assumeTrue(!e.getMessage().contains("interface"), e.getMessage());
      throw e;
    }
    try (passt) {
      assertThat(passt.isAlive()).isTrue();
    }
    assertThat(passt.isAlive()).isFalse();
  }

  @Test
  void shouldSayWhyAServersDiskCannotBeHad() {
    syscalls.fail("connect", 1, Errno.ENOENT).fail("connect", 2, Errno.ECONNREFUSED);
    assertThatThrownBy(() -> add("nbd:unix:/no.sock"))
        .isInstanceOf(ConfigException.class)
        .hasMessage(
            "--disk nbd:unix:/no.sock: no such socket; `qemu-nbd --persistent --shared=0"
                + " --socket=/no.sock IMAGE` listens at one");
    assertThatThrownBy(() -> add("nbd:unix:/no.sock"))
        .hasMessage("--disk nbd:unix:/no.sock: nothing listens there");
    syscalls.answer("socket", arguments -> syscalls.openChannel(garbage()));
    assertThatThrownBy(() -> add("nbd://127.0.0.1"))
        .hasMessageStartingWith("--disk nbd://127.0.0.1:10809: the server speaks no NBD");
  }

  private static FakeChannel garbage() {
    FakeChannel channel = new FakeChannel(true);
    channel.arrive("HTTP/1.1 400 Bad Request".getBytes(StandardCharsets.US_ASCII));
    return channel;
  }

  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      value = {
        "ENOENT | the host has no /dev/vhost-net; `modprobe vhost_net` loads its driver, or"
            + " leave vhost=on away",
        "EACCES | /dev/vhost-net cannot be opened: EACCES (permission denied); on most hosts"
            + " it is for root and the group kvm, or leave vhost=on away",
        "EBUSY | the host's kernel refuses it: VHOST_SET_OWNER /dev/vhost-net: EBUSY"
            + " (device or resource busy); leave vhost=on away",
      })
  void shouldSayWhyTheKernelDoesNotServeANetwork(Errno errno, String reason) {
    syscalls.channels("/dev/net/tun", List.of(new FakeChannel(false)));
    syscalls.file("/dev/vhost-net", new byte[0]);
    syscalls.onIoctl(0xaf01L, (fd, argument) -> -errno.number());
    if (errno != Errno.EBUSY) {
      // Behind that of the tap.
      syscalls.fail("open", syscalls.calls("open").size() + 2, errno);
    }
    List<NetSpec> nets = List.of(NetSpec.parse("tap=tap0,vhost=on"));
    VirtioSpecs specs = new VirtioSpecs(List.of(), null, nets, ConsoleSpec.NONE, null);
    assertThatThrownBy(() -> add(specs))
        .isInstanceOf(ConfigException.class)
        .hasMessage("--net tap=tap0: vhost=on: " + reason);
  }

  @Test
  void shouldDeriveAnAddressWhereNoneIsGiven() {
    syscalls.channels("/dev/net/tun", List.of(new FakeChannel(false), new FakeChannel(false)));
    NetSpec spec = NetSpec.parse("tap=tap0");
    try (NetBackend first = NetBackends.open(linux, spec);
        NetBackend second = NetBackends.open(linux, NetSpec.parse("tap=tap1"))) {
      assertThat(NetBackends.mac(spec, first, 0)).isEqualTo(NetBackends.mac(spec, first, 3));
      assertThat(NetBackends.mac(spec, second, 0)).isNotEqualTo(NetBackends.mac(spec, first, 0));
    }
  }

  @Test
  void shouldRefuseADeviceThatTheBusHasNoPlaceFor() {
    syscalls.file("/a.img", new byte[512]);
    DiskSpec disk = new DiskSpec(Path.of("/a.img"), true, "", 1);
    List<DiskSpec> disks = new ArrayList<>();
    for (int i = 0; i < 33; i++) {
      disks.add(disk);
    }
    assertThatThrownBy(() -> add(new VirtioSpecs(disks, null)))
        .hasMessage("--disk /a.img: the PCI bus is full: it has 32 devices");
  }

  @Test
  void shouldLeaveAPlaceThatIsTakenToItsOwner() {
    syscalls.file("/a.img", new byte[512]);
    try (VirtioDevices first = add("/a.img,readonly=on");
        VirtioDevices second = add(new VirtioSpecs(List.of(), new RngSpec(0)))) {
      assertThat(first).isNotSameAs(second);
      assertThat(id(0)).isEqualTo(VIRTIO_BLK);
      assertThat(id(1)).isEqualTo(VIRTIO_RNG);
    }
  }

  @Test
  void shouldPutConsolePortsAndBalloonOnTheBus() {
    VirtioSpecs specs =
        new VirtioSpecs(
            List.of(),
            null,
            List.of(),
            new ConsoleSpec(
                SerialSpec.parse("file:/console.log"),
                List.of(PortSpec.parse("name=agent,to=null"), PortSpec.parse("name=b,to=null"))),
            new BalloonSpec(1 << 20));
    try (VirtioDevices devices = add(specs)) {
      assertThat(List.of(id(0), id(1), id(2), id(3)))
          .containsExactly(VIRTIO_CONSOLE, VIRTIO_CONSOLE, VIRTIO_BALLOON, NOTHING);
      devices.terminalResized();
      assertThat(syscalls.fileContents("/console.log")).isEmpty();
    }
    assertThat(problems).isEmpty();
  }

  private static VirtioSpecs vsock(String text) {
    return new VirtioSpecs(
        List.of(), null, List.of(), ConsoleSpec.NONE, null, VsockSpec.parse(text), List.of());
  }

  @Test
  void shouldPutASocketDeviceOnTheBus() {
    VirtioSpecs specs = vsock("cid=3,path=/nowhere/v.sock");
    try (VirtioDevices devices = add(specs)) {
      assertThat(devices).isNotNull();
      assertThat(id(0)).isEqualTo(0x1053_1af4L);
      assertThat(syscalls.calls("bind")).hasSize(1).first().asString().contains("v.sock");
    }
    syscalls.fail("bind", 1, Errno.EACCES);
    assertThatThrownBy(() -> add(specs))
        .isInstanceOf(ConfigException.class)
        .hasMessage(
            "--vsock cid=3,path=/nowhere/v.sock: socket /nowhere/v.sock cannot be made: EACCES"
                + " (permission denied)");
  }

  @Test
  void shouldSayWhyThereIsNoFolder(@TempDir Path folder) throws IOException {
    Linux system = Linux.system();
    FsSpec spec = FsSpec.parse("tag=t,dir=" + folder);
    assertThatThrownBy(() -> SharedFolder.open(system, spec, "/nowhere/virtiofsd"))
        .isInstanceOf(ConfigException.class)
        .hasMessage(
            "--fs "
                + spec
                + ": there is no program /nowhere/virtiofsd here; `apt install virtiofsd` installs"
                + " it, in Debian 12 `apt install qemu-system-common`");
    Path program = folder.resolve("virtiofsd");
    Files.writeString(program, "#!/bin/sh\necho \"no $2\" >&2\nexit 3\n");
    assertThat(program.toFile().setExecutable(true)).isTrue();
    assertThatThrownBy(() -> SharedFolder.open(system, spec, program.toString()))
        .hasMessage("--fs " + spec + ": virtiofsd ended with code 3: no --shared-dir=" + folder);
    assertThatThrownBy(() -> SharedFolder.open(system, FsSpec.parse("tag=t,dir=/nowhere")))
        .hasMessage("--fs tag=t,dir=/nowhere: no such folder");
    assertThatThrownBy(() -> SharedFolder.open(system, FsSpec.parse("tag=t,socket=/nowhere/s")))
        .hasMessage(
            "--fs tag=t,socket=/nowhere/s: no such socket; `virtiofsd --socket-path=/nowhere/s`"
                + " listens at one");
  }

  @Test
  void shouldStartAndEndTheHostsOwnVirtiofsd(@TempDir Path folder) {
    FsSpec spec = FsSpec.parse("tag=t,dir=" + folder);
    SharedFolder shared;
    try {
      shared = SharedFolder.open(Linux.system(), spec);
    } catch (ConfigException e) {
      assumeTrue(false, e.getMessage());
      return;
    }
    try (shared) {
      assertThat(shared.backEnd().features()).isNotZero();
      assertThat(shared.name(spec)).isEqualTo("virtiofsd of " + folder);
      shared.backEnd().close();
    }
  }

  @Test
  void shouldNameTheOptionWhenABackEndCannotBeOpened() {
    syscalls.fail("open", 1, Errno.EACCES);
    ConsoleSpec console = new ConsoleSpec(SerialSpec.parse("file:/c.log"), List.of());
    assertThatThrownBy(() -> add(new VirtioSpecs(List.of(), null, List.of(), console, null)))
        .isInstanceOf(ConfigException.class)
        .hasMessageStartingWith("--console file:/c.log: ")
        .hasMessageContaining("EACCES");
    syscalls.fail("open", 2, Errno.EACCES);
    ConsoleSpec ports =
        new ConsoleSpec(
            null,
            List.of(
                PortSpec.parse("name=a,to=file:/a.log"), PortSpec.parse("name=b,to=file:/b.log")));
    assertThatThrownBy(() -> add(new VirtioSpecs(List.of(), null, List.of(), ports, null)))
        .hasMessageStartingWith("--console-port file:/b.log: ");
  }
}
