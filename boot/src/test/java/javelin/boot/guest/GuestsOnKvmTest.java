package javelin.boot.guest;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import javelin.boot.guest.TinyGuests.Exit;
import javelin.boot.guest.selftest.SelfTestGuest;
import javelin.boot.kernel.BootProtocol;
import javelin.boot.machine.GuestImage;
import javelin.boot.machine.MachineConfig;
import javelin.boot.machine.PcMachine;
import javelin.devices.console.MemoryBackend;
import javelin.vmm.kvm.KvmAvailable;
import javelin.vmm.linux.Linux;
import javelin.vmm.machine.ExitKind;
import javelin.vmm.machine.StopReason;
import javelin.vmm.memory.RamConfig;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.EnumSource;

/** The built-in guests on our own machine. */
@Tag("kvm")
@Timeout(120)
final class GuestsOnKvmTest {
  private static final long ADDRESS = 0x10_0000;
  private static final int ROUNDS = 100;

  @TempDir Path folder;
  private final MemoryBackend console = new MemoryBackend();

  @BeforeEach
  void needsKvm() {
    KvmAvailable.assumeKvm();
  }

  @ParameterizedTest
  @CsvSource({"1, 256", "2, 512", "3, 4096", "64, 64"})
  void shouldPassTheSelfTestWithAnyNumberOfCpusAndAmountOfRam(int cpus, long mib) throws Exception {
    MachineConfig.Builder config = MachineConfig.builder().cpus(cpus).ram(RamConfig.of(mib << 20));
    try (PcMachine machine = machine(config)) {
      StopReason reason = machine.run();
      assertThat(console.text())
          .contains(
              "64-bit Linux boot protocol", cpus + " of " + cpus + " up", "ECAM 0xe0000000: ok")
          .doesNotContain("FAILED")
          .containsPattern("All \\d+ checks passed");
      assertThat(reason).isEqualTo(new StopReason.PoweredOff());
    }
  }

  @Test
  void shouldPassTheSelfTestWhenStartedByPvh() throws Exception {
    try (PcMachine machine = machine(file(SelfTestGuest.program(), BootProtocol.PVH))) {
      StopReason reason = machine.run();
      assertThat(console.text())
          .contains("started by PVH")
          .containsPattern("All \\d+ checks passed");
      assertThat(reason).isEqualTo(new StopReason.PoweredOff());
    }
  }

  @Test
  void shouldEndWithTheValueThatTheGuestWritesToDebugExit() throws Exception {
    try (PcMachine machine = machine(code(TinyGuests.debugExit(21)))) {
      assertThat(machine.run()).isEqualTo(new StopReason.DebugExit(21 << 1 | 1));
    }
  }

  @ParameterizedTest
  @EnumSource(Exit.class)
  void shouldExitAsOftenAsTheLoopSays(Exit exit) throws Exception {
    long target = exit == Exit.MMIO_READ || exit == Exit.MMIO_WRITE ? 0xff00_0000L : 0xe0;
    try (PcMachine machine = machine(code(TinyGuests.exitLoop(exit, target, ROUNDS)))) {
      assertThat(machine.run()).isEqualTo(new StopReason.DebugExit(1));
      // The debug exit is one more write.
      assertThat(machine.stats().get(0).count(ExitKind.PORT_OUT))
          .isEqualTo(exit == Exit.PORT_WRITE ? ROUNDS + 1 : 1);
      assertThat(machine.stats().get(0).count(ExitKind.PORT_IN))
          .isEqualTo(exit == Exit.PORT_READ ? ROUNDS : 0);
      assertThat(machine.stats().get(0).count(ExitKind.MMIO_WRITE))
          .isEqualTo(exit == Exit.MMIO_WRITE ? ROUNDS : 0);
      assertThat(machine.stats().get(0).count(ExitKind.MMIO_READ))
          .isEqualTo(exit == Exit.MMIO_READ ? ROUNDS : 0);
    }
  }

  @Test
  void shouldTimeOutWhenGuestSpinsOrHalts() throws Exception {
    try (PcMachine machine = machine(code(TinyGuests.spin()).timeout(Duration.ofMillis(200)))) {
      assertThat(machine.run()).isEqualTo(new StopReason.TimedOut());
    }
    try (PcMachine machine = machine(code(TinyGuests.halt()).timeout(Duration.ofMillis(200)))) {
      assertThat(machine.run()).isEqualTo(new StopReason.TimedOut());
    }
  }

  @Test
  void shouldReportCrashWhenGuestTripleFaults() throws Exception {
    try (PcMachine machine = machine(code(TinyGuests.tripleFault()))) {
      assertThat(machine.run()).isInstanceOf(StopReason.Crashed.class);
    }
  }

  private PcMachine machine(MachineConfig.Builder config) {
    return new PcMachine(Linux.system(), config.build(), loop -> console);
  }

  private MachineConfig.Builder code(byte[] code) throws IOException {
    return file(GuestProgram.ofCode(ADDRESS, code), BootProtocol.LINUX);
  }

  private MachineConfig.Builder file(GuestProgram program, BootProtocol protocol)
      throws IOException {
    Path kernel = Files.write(folder.resolve("guest.elf"), ElfWriter.write(program));
    return MachineConfig.builder()
        .cpus(1)
        .timeout(Duration.ofSeconds(30))
        .ram(RamConfig.of(MachineConfig.MIN_RAM))
        .guest(new GuestImage.KernelFile(kernel, null, "", protocol));
  }
}
