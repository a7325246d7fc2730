package javelin.boot.cli;

import static org.assertj.core.api.Assertions.assertThat;

import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import javelin.boot.kernel.BootProtocol;
import javelin.boot.machine.BalloonSpec;
import javelin.boot.machine.ConsoleSpec;
import javelin.boot.machine.DiskSpec;
import javelin.boot.machine.FsSpec;
import javelin.boot.machine.GuestImage;
import javelin.boot.machine.MachineConfig;
import javelin.boot.machine.NetSpec;
import javelin.boot.machine.PortSpec;
import javelin.boot.machine.ResetPolicy;
import javelin.boot.machine.RngSpec;
import javelin.boot.machine.SerialSpec;
import javelin.boot.machine.TraceKind;
import javelin.boot.machine.VirtioSpecs;
import javelin.boot.machine.VsockSpec;
import javelin.devices.virtio.blk.nbd.NbdAddress;
import javelin.devices.virtio.net.MacAddress;
import javelin.passthrough.assigned.RomOption;
import javelin.vmm.kvm.FeatureSwitch;
import javelin.vmm.memory.PageSize;
import javelin.vmm.memory.RamConfig;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import picocli.CommandLine;
import picocli.CommandLine.Model.CommandSpec;

class RunOptionsTest {
  private static MachineConfig config(String... arguments) {
    CommandSpec spec = CommandSpec.create();
    RunOptions.addTo(spec, false);
    CommandLine line = new CommandLine(spec).setPosixClusteredShortOptionsAllowed(false);
    return RunOptions.config(line.parseArgs(arguments));
  }

  @Test
  void shouldDescribeBuiltInGuestWhenThereAreNoOptions() {
    assertThat(config()).isEqualTo(MachineConfig.builder().build());
  }

  @Test
  void shouldDescribeTheBuiltInGuestThatIsNamed() {
    assertThat(config("--guest", "assign-check"))
        .isEqualTo(MachineConfig.builder().guest(GuestImage.BuiltIn.ASSIGN_CHECK).build());
    assertThat(config("--guest", "self-test")).isEqualTo(config());
  }

  @Test
  void shouldDescribeMachineWhenAllOptionsAreGiven() {
    MachineConfig config =
        config(
            "--kernel",
            "vmlinuz",
            "--initrd=initrd.img",
            "--append",
            "console=ttyS0 --quiet",
            "--boot",
            "pvh",
            "--memory",
            "4G",
            "--cpus",
            "4",
            "--cpu",
            "-cx16,-hypervisor",
            "--hugepages",
            "2M",
            "--lock-memory",
            "--prefault",
            "--serial",
            "socket:console.sock",
            "--kvm",
            "/dev/other",
            "--timeout",
            "1.5m",
            "--on-reset",
            "stop",
            "--on-triple-fault",
            "reset",
            "--stats",
            "--trace",
            "pio,irq",
            "--trace",
            "mmio");

    assertThat(config)
        .isEqualTo(
            MachineConfig.builder()
                .guest(
                    new GuestImage.KernelFile(
                        Path.of("vmlinuz"),
                        Path.of("initrd.img"),
                        "console=ttyS0 --quiet",
                        BootProtocol.PVH))
                .ram(new RamConfig(4L << 30, PageSize.HUGE_2M, true, true))
                .cpus(4)
                .cpuFeatures(FeatureSwitch.parse("-cx16,-hypervisor"))
                .serial(SerialSpec.parse("socket:console.sock"))
                .kvmDevice(Path.of("/dev/other"))
                .timeout(Duration.ofSeconds(90))
                .onReset(ResetPolicy.STOP)
                .onTripleFault(ResetPolicy.RESET)
                .timeExits(true)
                .trace(java.util.Set.of(TraceKind.PIO, TraceKind.IRQ, TraceKind.MMIO))
                .build());
  }

  @Test
  void shouldDescribeVirtioDevices() {
    VirtioSpecs expected =
        new VirtioSpecs(
            List.of(
                new DiskSpec(Path.of("root.img"), false, "", 1),
                new DiskSpec(Path.of("/dev/sdx"), true, "data-1", 4)),
            new RngSpec(64 << 10));
    assertThat(
            config(
                    "--disk",
                    "root.img",
                    "--disk",
                    "/dev/sdx,readonly=on,serial=data-1,queues=4",
                    "--rng",
                    "rate=64K")
                .virtio())
        .isEqualTo(expected);
    assertThat(config("--rng", "--stats").virtio())
        .isEqualTo(new VirtioSpecs(List.of(), new RngSpec(0)));
    assertThat(config("--rng=rate=1", "--disk=x,readonly=off").virtio())
        .isEqualTo(
            new VirtioSpecs(List.of(new DiskSpec(Path.of("x"), false, "", 1)), new RngSpec(1)));
    assertThat(config("--disk", "x,cache=none,aio=uring,poll=50us").virtio().disks())
        .containsExactly(
            new DiskSpec(Path.of("x"), false, "", 1, true, DiskSpec.Aio.URING, 50_000, true, null));
    assertThat(config("--disk", "x,packed=off").virtio().disks())
        .containsExactly(
            new DiskSpec(Path.of("x"), false, "", 1, false, DiskSpec.Aio.AUTO, 0, false, null));
  }

  @Test
  void shouldTakeACommaThatIsWrittenTwiceAsAPartOfAName() {
    assertThat(config("--disk", "a,,b.img,readonly=on").virtio().disks())
        .containsExactly(new DiskSpec(Path.of("a,b.img"), true, "", 1));
    assertThat(config("--disk=,,,,.img,,,queues=2").virtio().disks())
        .containsExactly(new DiskSpec(Path.of(",,.img,"), false, "", 2));
    assertThat(config("--net", "socket=/run/a,,b").virtio().nets())
        .containsExactly(new NetSpec(NetSpec.Kind.SOCKET, "/run/a,b", 1, null));
    assertThat(config("--assign", "03:00.0,rom=card,,1.rom").assigned())
        .singleElement()
        .extracting(spec -> spec.options().rom())
        .isEqualTo(RomOption.parse("card,1.rom"));
  }

  @Test
  void shouldDescribeDisksOnServers() {
    assertThat(
            config("--disk", "nbd:unix:/run/s,export=root,queues=2", "--disk=nbd://h/e")
                .virtio()
                .disks())
        .extracting(DiskSpec::nbd)
        .containsExactly(
            new NbdAddress("/run/s", null, 0, "root"), new NbdAddress(null, "h", 10809, "e"));
  }

  @Test
  void shouldDescribeConsolesAndABalloon() {
    VirtioSpecs virtio =
        config(
                "--serial",
                "null",
                "--console",
                "stdio",
                "--console-port",
                "name=org.example.agent,to=socket:agent.sock",
                "--console-port=name=log,to=file:log",
                "--balloon",
                "size=64M")
            .virtio();
    assertThat(virtio.consoles())
        .isEqualTo(
            new ConsoleSpec(
                SerialSpec.STDIO,
                List.of(
                    new PortSpec("org.example.agent", SerialSpec.parse("socket:agent.sock")),
                    new PortSpec("log", SerialSpec.parse("file:log")))));
    assertThat(virtio.consoles().usesStdio()).isTrue();
    assertThat(virtio.balloon()).isEqualTo(new BalloonSpec(64 << 20));
    assertThat(config("--balloon", "--stats").virtio().balloon()).isEqualTo(new BalloonSpec(0));
    assertThat(config("--stats").virtio()).isEqualTo(VirtioSpecs.NONE);
  }

  @Test
  void shouldDescribeNetworkDevices() {
    assertThat(
            config(
                    "--net",
                    "tap=tap0,queues=4",
                    "--net=passt,mac=02:00:00:00:00:01",
                    "--net=fd=7,packed=off,vhost=on")
                .virtio()
                .nets())
        .containsExactly(
            new NetSpec(NetSpec.Kind.TAP, "tap0", 4, null),
            new NetSpec(NetSpec.Kind.PASST, "", 1, MacAddress.parse("02:00:00:00:00:01")),
            new NetSpec(NetSpec.Kind.FD, "7", 1, null, 0, false, true));
    assertThat(config("--net", "socket=/run/p=1.sock").virtio().nets())
        .containsExactly(new NetSpec(NetSpec.Kind.SOCKET, "/run/p=1.sock", 1, null))
        .hasToString("[socket=/run/p=1.sock]");
    assertThat(config("--net", "tap=t,poll=1ms").virtio().nets())
        .containsExactly(new NetSpec(NetSpec.Kind.TAP, "t", 1, null, 1_000_000, true, false));
  }

  @Test
  void shouldDescribeSocketsFoldersAndControl() {
    MachineConfig config =
        config(
            "--vsock=path=/run/v.sock,cid=4294967294",
            "--fs",
            "tag=a,dir=/usr",
            "--fs=socket=/run/f,tag=b",
            "--control",
            "vm.ctl");
    assertThat(config.virtio().vsock()).isEqualTo(new VsockSpec(4294967294L, "/run/v.sock"));
    assertThat(config.virtio().folders())
        .containsExactly(new FsSpec("a", "/usr", null), new FsSpec("b", null, "/run/f"));
    assertThat(config.control()).isEqualTo(Path.of("vm.ctl"));
  }

  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      value = {
        "--memory 0 | --memory 0: a guest needs at least 2M",
        "--memory 65537K | --memory 65537K: not a multiple of the page size, 4K;"
            + " the next one is 65540K",
        "--memory much | --memory much: write a number and a unit, as in 512M or 2G",
        "--cpus 0 | --cpus 0: a guest has 1 to 64 CPUs",
        "--cpus two | --cpus two: write a number",
        "--cpu cx16 | --cpu cx16: \"cx16\" is no switch like -cx16 (off) or +svm (on)",
        "--hugepages 4M | --hugepages 4M: it is 2M or 1G",
        "--serial tcp:1 | --serial tcp:1: unknown; it is one of stdio, file:PATH, pty,"
            + " socket:PATH, null",
        "--timeout soon | --timeout soon: write a number and a unit (ms, s, m, h), as in 30s",
        "--on-reset maybe | --on-reset maybe: it is one of reset, stop",
        "--trace all | --trace all: it is one of exits, mmio, pio, irq, vfio," + " bar, launch",
        "--assign 3 | --assign 3: \"3\" is no PCI address of the host; write it like"
            + " 0000:03:00.0 or 03:00.0",
        "--assign 03:00.0,fast | '--assign 03:00.0,fast: fast? options are addr=SLOT,"
            + " rom=on|off|FILE, no-reset=allow, x-no-mmap, x-no-irqfd, x-no-resample,"
            + " x-no-prefault, fault=NAME:N; of demo:nvme, disk=FILE'",
        "--assign 03:00.0,rom= | --assign 03:00.0,rom=: rom is on, off or a file",
        "--assign 03:00.0,addr=00 | --assign 03:00.0,addr=00: addr is on bus 0, from 01 to 1f",
        "--assign 03:00.0 --assign-taken 03:00.0 | --assign 0000:03:00.0: name each device only"
            + " once",
        "--disk d,fast | --disk d,fast: fast? options are readonly=on, serial=TEXT, queues=N,"
            + " cache=none, aio=HOW, poll=TIME, packed=off, and export=NAME of an NBD"
            + " server",
        "--disk d,poll=0us | '--disk d,poll=0us: poll is 1us to 1ms, as in 50us'",
        "--disk d,poll=2ms | '--disk d,poll=2ms: poll is 1us to 1ms, as in 50us'",
        "--net passt,poll=50 | '--net passt,poll=50: poll is 1us to 1ms, as in 50us'",
        "--disk d,export=e | --disk d,export=e: export is for disks on an NBD server only",
        "--disk nbd:unix:s,aio=sync | --disk nbd:unix:s,aio=sync: aio is for disks on files; the"
            + " server has its own",
        "--disk nbd:host:1 | --disk nbd:host:1: give nbd:unix:PATH, or nbd://HOST:PORT/EXPORT; a"
            + " file of that name is ./nbd:host:1",
        "--disk d,cache=maybe | --disk d,cache=maybe: cache is none or writeback",
        "--disk d,aio=native | --disk d,aio=native: aio is auto, uring, threads or sync",
        "--disk d,readonly | --disk d,readonly: readonly is on or off",
        "--disk d,queues=0 | --disk d,queues=0: queues is a number from 1 to 64",
        "--disk d,queues=x | --disk d,queues=x: queues is a number from 1 to 64",
        "--disk d,serial= | --disk d,serial=: serial takes 1 to 20 characters of ASCII, no spaces",
        "--disk d,queues=1,queues=2 | --disk d,queues=1,queues=2: give queues only once",
        "--disk ,readonly=on | --disk ,readonly=on: give a file, as in disk.img,readonly=on",
        "--net tap | --net tap: give tap=NAME, fd=N, passt or socket=PATH",
        "--net user | --net user: give tap=NAME, fd=N, passt or socket=PATH",
        "--net passt=x | --net passt=x: give tap=NAME, fd=N, passt or socket=PATH",
        "--net tap=a/b | '--net tap=a/b: an interface''s name has 1 to 15 characters, as in tap0'",
        "--net tap=abcdefghijklmnop | '--net tap=abcdefghijklmnop: an interface''s name has 1 to"
            + " 15 characters, as in tap0'",
        "--net tap=t,queues=32 | --net tap=t,queues=32: queues is a number from 1 to 31",
        "--net tap=t,fast | --net tap=t,fast: fast? options are queues=N and vhost=on (of a tap),"
            + " mac=ADDRESS, poll=TIME, packed=off",
        "--net tap=t,vhost=on,poll=9us | '--net tap=t,vhost=on,poll=9us: vhost=on leaves no queues"
            + " to poll: leave one of them away'",
        "--net passt,queues=2 | --net passt,queues=2: queues is for tap=NAME only",
        "--net passt,vhost=on | --net passt,vhost=on: vhost=on is for taps only: tap=NAME or fd=N",
        "--net tap=t,vhost=yes | --net tap=t,vhost=yes: vhost is on or off",
        "--net fd=2 | --net fd=2: fd is the number of an open descriptor, 3 or above",
        "--net socket= | '--net socket=: a socket''s path has 1 to 107 bytes'",
        "--net passt,mac=1 | --net passt,mac=1: a MAC address is written like 52:54:00:12:34:56",
        "--net passt,mac=53:00:00:00:00:01 | --net passt,mac=53:00:00:00:00:01: this MAC address"
            + " is of a group; make the first byte an even one",
        "--rng fast | --rng fast: fast? the option is rate=SIZE, bytes a second",
        "--rng rate=0 | --rng rate=0: rate is 1 byte to 1G a second",
        "--rng rate=much | --rng rate=much: write a number and a unit, as in 512M or 2G",
        "--console tcp:1 | --console tcp:1: unknown; it is one of stdio, file:PATH, pty,"
            + " socket:PATH, null",
        "--console stdio | --console stdio: the serial port has standard input and output; give"
            + " --serial null, or another place",
        "--serial null --console stdio --console-port name=a,to=stdio | --console-port stdio:"
            + " --console has standard input and output already; give one another place",
        "--serial file:x --console file:x | --console file:x: it is used already; give each its"
            + " own",
        "--console-port agent | --console-port agent: agent? options are name=NAME, to=WHERE",
        "--console-port name=a | '--console-port name=a: give both, as in"
            + " name=org.example.agent,to=socket:agent.sock'",
        "--console-port name=a/b,to=pty | '--console-port name=a/b,to=pty: name takes 1 to 64"
            + " letters, digits, dots, colons, dashes, underscores'",
        "--console-port name=a,to=pty --console-port name=a,to=null | --console-port a: give each"
            + " name only once",
        "--balloon 1G | '--balloon 1G: 1G? the option is size=SIZE, what the guest gives back at"
            + " its start'",
        "--balloon size=5000 | --balloon size=5000: size is a multiple of 4K",
        "--balloon size=512M | --balloon size=512M: the guest has 512M and keeps at least 2M",
        "--balloon --lock-memory | --balloon: guest memory is locked, so it cannot be given back"
            + " to the host; leave --balloon or --lock-memory away",
        "--balloon size=1M --assign 03:00.0 | --balloon size=1M: a device is assigned, so guest"
            + " memory is pinned: it cannot be given back to the host while devices may write to"
            + " it; leave --balloon or --assign away",
        "--balloon --assign-taken 03:00.0 | --balloon: a device is assigned, so guest memory is"
            + " pinned: it cannot be given back to the host while devices may write to it; leave"
            + " --balloon or --assign away",
        "--balloon --hugepages 2M | --balloon: guest memory is on reserved huge pages, of which"
            + " no parts can be given back to the host; leave --balloon or --hugepages away",
        "--vsock cid=3 | '--vsock cid=3: give both, as in cid=3,path=vm.sock'",
        "--vsock 3 | '--vsock 3: 3? options are cid=N, path=PATH'",
        "--vsock cid=2,path=x | --vsock cid=2,path=x: cid is a number from 3 to 4294967294; the"
            + " host has 2",
        "--vsock cid=3,path= | '--vsock cid=3,path=: path has 1 to 96 bytes, as ports are put"
            + " behind it'",
        "--fs tag=a | '--fs tag=a: give a tag and a folder, as in tag=home,dir=/home, or a tag and"
            + " the socket of a virtiofsd, as in tag=home,socket=fs.sock'",
        "--fs tag=a,dir=/,ro | '--fs tag=a,dir=/,ro: ro? options are tag=TAG, and dir=PATH or"
            + " socket=PATH'",
        "--fs tag=,dir=/ | '--fs tag=,dir=/: tag has 1 to 36 bytes'",
        "--fs tag=a,dir= | '--fs tag=a,dir=: dir is a folder'",
        "--fs tag=a,socket= | '--fs tag=a,socket=: socket is a path of 1 to 107 bytes'",
        "--fs tag=a,dir=/ --fs tag=a,dir=/usr | '--fs tag=a,dir=/usr: give each tag only once'",
        "--initrd x | --initrd x: it is for a kernel: give --kernel FILE as well",
        "--append x | --append x: it is for a kernel: give --kernel FILE as well",
        "--guest linux | --guest linux: it is one of self-test, assign-check," + " virtio-check",
        "--guest self-test --kernel x | --guest self-test: it is built in; leave --kernel away",
        "--kernel x --boot grub | --boot grub: it is one of auto, linux, pvh, multiboot",
      })
  void shouldNameOptionInOneLineWhenItsValueIsWrong(String options, String message) {
    CommandRun run = CommandRun.of(("run " + options).split(" "));

    assertThat(run.exitCode()).isEqualTo(ExitCode.USAGE);
    assertThat(run.err()).isEqualTo("javelin: " + message + "\n");
    assertThat(run.out()).isEmpty();
  }

  @Test
  void shouldRefuseOptionWhenItIsGivenTwice() {
    CommandRun run = CommandRun.of("run", "--memory", "1G", "--memory", "2G");

    assertThat(run.exitCode()).isEqualTo(ExitCode.USAGE);
    assertThat(run.err())
        .isEqualTo("javelin: --memory: give it only once (see javelin run --help)\n");
  }

  @Test
  void shouldExplainOptionsAndExitCodesWhenAskedForHelp() {
    CommandRun run = CommandRun.of("run", "--help");

    assertThat(run.exitCode()).isEqualTo(ExitCode.OK);
    assertThat(run.out().lines()).allSatisfy(line -> assertThat(line.length()).isLessThan(81));
    assertThat(run.out())
        .contains("--kernel FILE", "--memory SIZE", "Exit codes:", "Examples:", "Ctrl-A x");
    assertThat(run.out().indexOf("--kernel FILE")).isLessThan(run.out().indexOf("--append TEXT"));
  }
}
