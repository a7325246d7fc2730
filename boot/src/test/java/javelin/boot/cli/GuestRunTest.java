package javelin.boot.cli;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.IOException;
import java.io.PrintWriter;
import java.io.StringWriter;
import java.net.StandardProtocolFamily;
import java.net.UnixDomainSocketAddress;
import java.nio.channels.ServerSocketChannel;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.EnumSet;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicBoolean;
import javelin.boot.guest.ElfWriter;
import javelin.boot.guest.GuestProgram;
import javelin.boot.guest.TinyGuests;
import javelin.boot.host.MemoryFacts;
import javelin.boot.kernel.BootProtocol;
import javelin.boot.machine.GuestImage;
import javelin.boot.machine.LaunchTimes;
import javelin.boot.machine.MachineConfig;
import javelin.boot.machine.PcLayout;
import javelin.boot.machine.SerialSpec;
import javelin.boot.machine.TraceKind;
import javelin.devices.legacy.AcpiPm;
import javelin.vmm.kvm.KvmAvailable;
import javelin.vmm.linux.Errno;
import javelin.vmm.linux.FakeSyscalls;
import javelin.vmm.linux.HostFiles;
import javelin.vmm.linux.Linux;
import org.junit.jupiter.api.Assumptions;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** Whole runs of {@code javelin run}, from its arguments to its exit code. */
@Timeout(120)
class GuestRunTest {
  private static final long KVM_CREATE_VM = 0xae01;
  private static final long KVM_CHECK_EXTENSION = 0xae03;
  private static final long KVM_GET_API_VERSION = 0xae00;

  @TempDir Path folder;

  private static CommandRun run(String options) {
    return CommandRun.of(("run --serial null --timeout 60s " + options).split(" "));
  }

  private String kernel(byte[] code) throws IOException {
    Path file = folder.resolve("kernel");
    Files.write(file, ElfWriter.write(GuestProgram.ofCode(0x20_0000, code)));
    return "--cpus 1 --memory 16M --kernel " + file + " ";
  }

  private static void assertStartError(CommandRun run, String message) {
    assertThat(run.err()).isEqualTo("javelin: " + message + "\n");
    assertThat(run.exitCode()).isEqualTo(ExitCode.START_ERROR);
  }

  /** On a KVM that runs nothing, so that it runs everywhere: the way there is the real one. */
  @Test
  void shouldTraceEachPhaseOfTheLaunchOnce() throws Exception {
    Path kernel = folder.resolve("kernel");
    Files.write(kernel, ElfWriter.write(GuestProgram.ofCode(0x20_0000, TinyGuests.debugExit(0))));
    MachineConfig config =
        MachineConfig.builder()
            .guest(new GuestImage.KernelFile(kernel, null, "", BootProtocol.AUTO))
            .cpus(1)
            .serial(SerialSpec.NULL)
            .kvmDevice(kernel)
            .trace(EnumSet.of(TraceKind.LAUNCH))
            .build();
    StringWriter err = new StringWriter();
    Linux dry = DryKvm.linux(Linux.system().syscalls(), DryKvm.Vendor.INTEL);

    int code =
        new GuestRun(config, false, false, new PrintWriter(err), dry, new LaunchTimes()).run();

    assertThat(code).isEqualTo(1);
    List<String> phases =
        err.toString()
            .lines()
            .filter(line -> line.startsWith("launch: "))
            .map(line -> line.replaceFirst("launch: +[0-9.]+ ms ", ""))
            .toList();
    assertThat(phases)
        .containsExactly(
            "launcher", "VM", "memory", "vCPUs", "devices", "kernel loaded", "first KVM_RUN");
  }

  @Test
  void shouldNameFileWhenKernelIsMissing() {
    assertStartError(run("--kernel /no/such/file"), "--kernel /no/such/file: no such file");
  }

  @Test
  void shouldNameRamOfHostWhenGuestWantsMore() {
    long total = new MemoryFacts(HostFiles.system()).total().orElseThrow();

    assertStartError(
        run("--memory 1000T"),
        "--memory 1000T: the host has " + (total >> 20) + "M; give the guest less");
  }

  @Test
  void shouldSayHowToGetKvmWhenDeviceIsMissing() {
    CommandRun run = run("--kvm /no/such/kvm");

    assertThat(run.exitCode()).isEqualTo(ExitCode.START_ERROR);
    assertThat(run.err().lines()).hasSize(1);
    assertThat(run.err())
        .startsWith("javelin: /no/such/kvm is missing")
        .contains("modprobe kvm_intel", "./javelin lab");
  }

  /** A run on a fake of the native seam. */
  private static void run(FakeSyscalls fake, MachineConfig config) throws InterruptedException {
    PrintWriter err = new PrintWriter(new StringWriter());
    int code = new GuestRun(config, false, false, err, new Linux(fake), new LaunchTimes()).run();
    throw new AssertionError("ran, with code " + code);
  }

  @Test
  void shouldSayHowToGetPermissionWhenKvmIsNotPermitted() {
    try (FakeSyscalls fake = new FakeSyscalls()) {
      fake.failAlways("open", Errno.EACCES);
      MachineConfig config = MachineConfig.builder().serial(SerialSpec.NULL).build();

      assertThatThrownBy(() -> run(fake, config))
          .isInstanceOf(CommandException.class)
          .hasMessageContaining("/dev/kvm is not permitted")
          .hasMessageContaining("usermod -aG kvm $USER")
          .hasMessageContaining("./javelin lab")
          .extracting(e -> ((CommandException) e).exitCode())
          .isEqualTo(ExitCode.START_ERROR);
    }
  }

  @Test
  void shouldNameLimitWhenKvmOffersFewerCpus() {
    try (FakeSyscalls fake = new FakeSyscalls()) {
      fake.file("/dev/kvm", new byte[0]);
      fake.onIoctl(KVM_GET_API_VERSION, (fd, argument) -> 12);
      fake.onIoctl(KVM_CHECK_EXTENSION, (fd, argument) -> 3);
      fake.onIoctlOpen(KVM_CREATE_VM, "vm");
      MachineConfig config = MachineConfig.builder().cpus(4).serial(SerialSpec.NULL).build();

      assertThatThrownBy(() -> run(fake, config))
          .isInstanceOf(CommandException.class)
          .hasMessage("--cpus 4: this host's KVM offers a guest at most 3");
    }
  }

  @Test
  @Tag("kvm")
  void shouldNameHugePagesWhenNoneAreReserved() {
    KvmAvailable.assumeKvm();
    boolean free =
        new MemoryFacts(HostFiles.system())
            .hugePages().stream()
                .anyMatch(pages -> pages.pageSize() == 1L << 30 && pages.free() > 0);
    Assumptions.assumeFalse(free, "skipped: this host has huge pages of 1G reserved");

    CommandRun run = run("--memory 1G --hugepages 1G");

    assertThat(run.exitCode()).isEqualTo(ExitCode.START_ERROR);
    assertThat(run.err().lines()).hasSize(1);
    assertThat(run.err()).contains("1 free huge pages of 1024 MiB", "nr_hugepages");
  }

  @Test
  @Tag("kvm")
  void shouldNameSocketWhenItIsInUse() throws IOException {
    KvmAvailable.assumeKvm();
    Path path = folder.resolve("console.sock");
    try (ServerSocketChannel other = ServerSocketChannel.open(StandardProtocolFamily.UNIX)) {
      other.bind(UnixDomainSocketAddress.of(path));

      CommandRun run =
          CommandRun.of("run", "--serial", "socket:" + path, "--memory", "16M", "--timeout", "10s");

      assertThat(run.exitCode()).isEqualTo(ExitCode.START_ERROR);
      assertThat(run.err().lines()).hasSize(1);
      assertThat(run.err()).contains(path.toString()).contains("in use");
    }
  }

  @Test
  @Tag("kvm")
  void shouldSayOnceThatDiskIsFullAndLetGuestGoOn() {
    KvmAvailable.assumeKvm();

    CommandRun run = CommandRun.of("run", "--serial", "file:/dev/full", "--timeout", "60s");

    assertThat(run.exitCode()).isEqualTo(run("").exitCode());
    assertThat(run.err().lines().filter(line -> line.contains("ENOSPC"))).hasSize(1);
    assertThat(run.err())
        .contains("javelin: serial log file /dev/full: writing failed: ENOSPC")
        .contains("javelin: the guest ");
  }

  @Test
  @Tag("kvm")
  void shouldPowerOffWithZeroWhenBuiltInGuestFindsAllRight() throws IOException {
    KvmAvailable.assumeKvm();
    Path log = folder.resolve("console.log");

    CommandRun run = CommandRun.of("run", "--serial", "file:" + log, "--timeout", "60s");

    assertThat(Files.readString(log)).contains("checks").doesNotContain("FAILED");
    assertThat(run.exitCode()).isEqualTo(ExitCode.OK);
    assertThat(run.err().lines()).hasSize(1);
    assertThat(run.err())
        .matches(
            "javelin: the guest powered off after \\d+\\.\\d\\d s; \\d+ exits: port-out \\d+,"
                + " port-in \\d+, .*\n");
  }

  @Test
  @Tag("kvm")
  void shouldCheckADeviceOfItsOwnWhenAskedForTheDemo() throws IOException {
    KvmAvailable.assumeKvm();
    Path log = folder.resolve("console.log");

    CommandRun run =
        CommandRun.of("run", "--assign", "demo", "--serial", "file:" + log, "--timeout", "60s");

    assertThat(Files.readString(log))
        .contains(
            "00:01.0 1234:11e8 class 00ff00",
            "decode: on, off, on: ok",
            "move: first memory BAR to 0x",
            "edu: identification, liveness: ok",
            "edu: INTx, level-triggered, 3 in a row",
            "edu: MSI, 3 in a row: ok",
            "edu: DMA, 1024 bytes to the device and back: ok")
        .containsPattern("All \\d+ checks passed")
        .doesNotContain("FAILED");
    assertThat(run.exitCode()).isEqualTo(ExitCode.OK);
    assertThat(run.err().lines()).hasSize(1);
  }

  @Test
  @Tag("kvm")
  void shouldCheckAnNvmeControllerOfItsOwnOnAFile() throws IOException {
    KvmAvailable.assumeKvm();
    Path log = folder.resolve("console.log");
    Path disk = Files.write(folder.resolve("disk.img"), new byte[1 << 20]);

    CommandRun run =
        CommandRun.of(
            "run",
            "--assign",
            "demo:nvme,disk=" + disk,
            "--serial",
            "file:" + log,
            "--timeout",
            "60s");

    assertThat(Files.readString(log))
        .contains(
            "00:01.0 1234:4a4e class 010802",
            "reset: FLR by PCI Express: ok",
            "model \"Javelin NVMe\": ok",
            "nvme: CC.EN and CSTS.RDY after the reset: ok")
        .containsPattern("nvme: Identify by MSI-X serial \"jv[0-9a-f]{8}\"")
        .containsPattern("All \\d+ checks passed");
    assertThat(run.exitCode()).isEqualTo(ExitCode.OK);
    assertStartError(
        run("--assign demo:nvme,disk=/no/such.img"),
        "--disk /no/such.img: no such file; `truncate -s 10G /no/such.img` makes an empty disk");
  }

  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      value = {
        "drop-irq:2   | 1 | FAILED: interrupt 2 is one INTx | the guest ",
        "vanish:52    | 1 | FAILED | demo is gone: its server has closed the connection; the guest",
        "fail-map     | 4 | ''     | demo cannot be assigned: its server refuses VFIO_USER_DMA_MAP",
        "fail-reset   | 4 | ''     | its server refuses VFIO_USER_DEVICE_RESET with EIO",
        "fail-reset:2 | 0 | All    | demo is not reset: VFIO_USER_DEVICE_RESET demo: EIO",
      })
  @Tag("kvm")
  void shouldTellWhatAFaultOfTheDeviceLeadsTo(
      String fault, int code, String onConsole, String onError) throws IOException {
    KvmAvailable.assumeKvm();
    Path log = folder.resolve("console.log");

    CommandRun run =
        CommandRun.of(
            "run",
            "--assign",
            "demo,fault=" + fault,
            "--serial",
            "file:" + log,
            "--timeout",
            "90s");

    assertThat(Files.readString(log)).contains(onConsole);
    assertThat(run.err()).contains(onError);
    // A guest's own code is odd, and says how much has failed.
    assertThat((code & 1) == 0 ? run.exitCode() : run.exitCode() & 1).isEqualTo(code);
  }

  @Test
  @Tag("kvm")
  void shouldPassGuestsOwnCodeOn() throws IOException {
    KvmAvailable.assumeKvm();

    assertThat(run(kernel(TinyGuests.debugExit(21))).exitCode()).isEqualTo(43);
  }

  @Test
  @Tag("kvm")
  void shouldStopWhenTimeIsOver() throws IOException {
    KvmAvailable.assumeKvm();

    CommandRun run =
        CommandRun.of(
            ("run --serial null --timeout 200ms " + kernel(TinyGuests.spin())).strip().split(" "));

    assertThat(run.exitCode()).isEqualTo(ExitCode.TIMEOUT);
    assertThat(run.err())
        .startsWith("vCPU 0 at the end of --timeout:")
        .contains("RIP", "javelin: time out: the guest was stopped after 0.");
  }

  @Test
  @Tag("kvm")
  void shouldTellOfCrashWhenGuestTripleFaults() throws IOException {
    KvmAvailable.assumeKvm();

    CommandRun run = run(kernel(TinyGuests.tripleFault()));

    assertThat(run.exitCode()).isEqualTo(ExitCode.GUEST_CRASH);
    assertThat(run.err())
        .contains("RIP")
        .contains("javelin: the guest crashed (vCPU 0: TRIPLE_FAULT");
  }

  @Test
  @Tag("kvm")
  void shouldShowTimesByKindWhenAskedForStatistics() throws IOException {
    KvmAvailable.assumeKvm();

    CommandRun run =
        run(kernel(TinyGuests.exitLoop(TinyGuests.Exit.PORT_WRITE, 0x80, 100)) + "--stats");

    assertThat(run.exitCode()).isEqualTo(1);
    assertThat(run.err()).contains("p50 us");
    assertThat(run.err().lines().filter(line -> line.startsWith("port-out")))
        .singleElement()
        .asString()
        .matches("port-out +101( +\\d+\\.\\d){3}");
  }

  @Test
  @Tag("kvm")
  void shouldStopWithCodeOfSignalWhenGuestDoesNotPowerOff() throws Exception {
    KvmAvailable.assumeKvm();
    String[] arguments =
        ("run --serial null --timeout 60s " + kernel(TinyGuests.spin())).strip().split(" ");
    AtomicBoolean ended = new AtomicBoolean();
    Thread killer = new Thread(() -> killUntil(ended), "killer");
    // Until the run takes the signal over, it must not end the tests.
    try (SignalHook guard = new SignalHook("TERM", (name, number) -> {})) {
      assertThat(guard).isNotNull();
      killer.start();
      CommandRun run = CommandRun.of(arguments);
      ended.set(true);
      killer.join();

      assertThat(run.exitCode()).isEqualTo(143);
      assertThat(run.err())
          .contains("SIGTERM: the guest does not listen to its power button; stopping it")
          .contains("javelin: stopped by SIGTERM after ");
    }
  }

  @Test
  @Tag("kvm")
  void shouldLetTheGuestPowerOffWhenItListensToItsButton() throws Exception {
    KvmAvailable.assumeKvm();
    byte[] code =
        TinyGuests.powerButton(
            PcLayout.PM1_EVENT, PcLayout.PM1_CONTROL, AcpiPm.SLEEP_TYPE_S5, PcLayout.COM1.port());
    Path console = Files.createFile(folder.resolve("console"));
    String[] arguments =
        ("run --serial file:" + console + " --timeout 60s " + kernel(code)).strip().split(" ");
    Thread killer = new Thread(() -> killWhenWritten(console), "killer");
    try (SignalHook guard = new SignalHook("TERM", (name, number) -> {})) {
      assertThat(guard).isNotNull();
      killer.start();
      CommandRun run = CommandRun.of(arguments);
      killer.join();

      assertThat(run.exitCode()).as(run.err()).isZero();
      assertThat(run.err())
          .contains("SIGTERM: the guest is asked to power off")
          .contains("javelin: the guest powered off after ");
    }
  }

  @Test
  @Tag("kvm")
  void shouldTakeCommandsWhileTheGuestRuns() throws Exception {
    KvmAvailable.assumeKvm();
    Path control = folder.resolve("vm.ctl");
    String[] arguments =
        ("run --serial null --timeout 60s --balloon --control "
                + control
                + " "
                + kernel(TinyGuests.spin()))
            .strip()
            .split(" ");
    CompletableFuture<CommandRun> guest =
        CompletableFuture.supplyAsync(() -> CommandRun.of(arguments));
    CommandRun first = CommandRun.of("control", control.toString(), "balloon", "4M");
    for (int i = 0; i < 500 && first.exitCode() != ExitCode.OK; i++) {
      Thread.sleep(20);
      first = CommandRun.of("control", control.toString(), "balloon", "4M");
    }
    assertThat(first).isEqualTo(new CommandRun(0, "", ""));
    assertThat(CommandRun.of("control", control.toString(), "balloon").out())
        .isEqualTo("balloon: 0M of 4M that are wanted\n");
    assertThat(CommandRun.of("control", control.toString(), "balloon", "1G").err())
        .isEqualTo("javelin: the guest has 16M and keeps at least 2M\n");
    assertThat(CommandRun.of("control", control.toString(), "stats").out())
        .startsWith("exits")
        .contains("balloon: 0M of 4M");
    assertThat(CommandRun.of("control", control.toString(), "power").err())
        .isEqualTo("javelin: the guest does not listen to its power button\n");
    assertThat(CommandRun.of("control", control.toString(), "stop").exitCode()).isZero();
    CommandRun run = guest.get(20, TimeUnit.SECONDS);
    assertThat(run.exitCode()).isEqualTo(ExitCode.ENDED_BY_USER);
    assertThat(run.err()).contains("javelin: stopped by the control socket after ");
    assertThat(CommandRun.of("control", control.toString(), "stats").err())
        .startsWith("javelin: " + control + ": no guest is controlled there (");
  }

  private static void killWhenWritten(Path file) {
    String pid = Long.toString(ProcessHandle.current().pid());
    try {
      while (Files.size(file) == 0) {
        Thread.sleep(20);
      }
      new ProcessBuilder("kill", "-TERM", pid).start().waitFor();
    } catch (IOException | InterruptedException e) {
      throw new IllegalStateException(e);
    }
  }

  private static void killUntil(AtomicBoolean ended) {
    String pid = Long.toString(ProcessHandle.current().pid());
    try {
      while (!ended.get()) {
        new ProcessBuilder("kill", "-TERM", pid).start().waitFor();
        Thread.sleep(300);
      }
    } catch (IOException | InterruptedException e) {
      throw new IllegalStateException(e);
    }
  }
}
