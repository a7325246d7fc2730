package javelin.boot.machine;

import static javelin.boot.guest.asm.Mem.ptr;
import static javelin.boot.guest.asm.Reg.AL;
import static javelin.boot.guest.asm.Reg.RAX;
import static javelin.boot.guest.asm.Reg.RBX;
import static javelin.boot.guest.asm.Reg.RDX;
import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.function.UnaryOperator;
import javelin.boot.guest.ElfWriter;
import javelin.boot.guest.GuestProgram;
import javelin.boot.guest.TinyGuests;
import javelin.boot.guest.asm.Assembler;
import javelin.boot.guest.asm.Label;
import javelin.boot.guest.asm.Mode;
import javelin.boot.guest.asm.Width;
import javelin.boot.kernel.BootProtocol;
import javelin.devices.console.MemoryBackend;
import javelin.vmm.kvm.KvmAvailable;
import javelin.vmm.linux.Linux;
import javelin.vmm.linux.NoLeaks;
import javelin.vmm.machine.StopReason;
import javelin.vmm.memory.RamConfig;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

@Tag("kvm")
@Timeout(120)
class PcMachineTest {
  /** A word of RAM that neither the loader nor the tables touch. */
  private static final int RUNS = 0x500;

  @BeforeAll
  static void requireKvm() {
    KvmAvailable.assumeKvm();
  }

  @TempDir private Path folder;
  private final MemoryBackend serial = new MemoryBackend();

  private StopReason run(UnaryOperator<MachineConfig.Builder> options) throws Exception {
    MachineConfig config =
        options.apply(MachineConfig.builder().timeout(Duration.ofSeconds(60))).build();
    try (PcMachine machine = new PcMachine(Linux.system(), config, loop -> serial)) {
      return machine.run();
    }
  }

  @Test
  void shouldRunTheBuiltInGuestUntilItPowersOff() throws Exception {
    StopReason reason = run(config -> config);

    assertThat(reason).as(serial.text()).isEqualTo(new StopReason.PoweredOff());
    assertThat(serial.text()).contains("2 of 2 up").containsPattern("All \\d+ checks passed");
  }

  @Test
  void shouldFailTheCheckOfPciFunctionsWhenThereIsNone() throws Exception {
    StopReason reason = run(config -> config.guest(GuestImage.BuiltIn.ASSIGN_CHECK));

    assertThat(reason).as(serial.text()).isEqualTo(new StopReason.DebugExit(1 << 1 | 1));
    assertThat(serial.text())
        .contains("00:00.0 1b36:0008 class 060000, a bridge: left alone")
        .contains("FAILED: 1 of ", "first: a function to check");
  }

  /** The checks size and move their BARs, and write to their MSI-X tables. */
  @Test
  void shouldPassTheChecksOfPciFunctionsWithVirtioDevices() throws Exception {
    Path disk = Files.write(folder.resolve("disk.img"), new byte[1 << 20]);
    VirtioSpecs virtio =
        new VirtioSpecs(List.of(DiskSpec.parse(disk + ",queues=2")), new RngSpec(0));

    NoLeaks.noLeaks(
        () -> {
          StopReason reason =
              run(config -> config.guest(GuestImage.BuiltIn.ASSIGN_CHECK).virtio(virtio));
          assertThat(reason).as(serial.text()).isEqualTo(new StopReason.PoweredOff());
        });

    assertThat(serial.text())
        .contains("00:01.0 1af4:1042", "00:02.0 1af4:1044", "3 vectors", "2 vectors")
        .containsPattern("All \\d+ checks passed");
  }

  @Test
  void shouldBringUpAsManyCpusAsConfigured() throws Exception {
    StopReason reason = run(config -> config.cpus(8));

    assertThat(reason).as(serial.text()).isEqualTo(new StopReason.PoweredOff());
    assertThat(serial.text()).contains("8 of 8 up, APIC ids 0 1 2 3 4 5 6 7");
  }

  @Test
  void shouldGiveAGuestRamAboveFourGibibytes() throws Exception {
    StopReason reason = run(config -> config.ram(RamConfig.of(5L << 30)));

    assertThat(reason).as(serial.text()).isEqualTo(new StopReason.PoweredOff());
    assertThat(serial.text()).contains("0x100000000-0x17fffffff RAM");
  }

  @Test
  void shouldLeaveNothingBehindWhenAMachineIsClosed() throws Exception {
    run(config -> config); // What the JVM opens once, such as its libraries, is open from here on.

    NoLeaks.noLeaks(() -> run(config -> config));
  }

  @Test
  void shouldStartTheGuestAgainWhenItResetsTheMachine() throws Exception {
    // RAM keeps its contents, so the guest knows by a word of it that it runs the second time.
    Label second = new Label("second");
    byte[] code =
        new Assembler(0x10_0000, Mode.BITS64)
            .mov(RBX, RUNS)
            .cmp(Width.DWORD, ptr(RBX), 0)
            .jnz(second)
            .mov(Width.DWORD, ptr(RBX), 1)
            .mov(RDX, PcLayout.RESET_PORT)
            .mov(RAX, PcLayout.RESET_VALUE)
            .outDx(AL)
            .hlt()
            .label(second)
            .mov(RAX, 5)
            .out(PcLayout.DEBUG_EXIT_PORT, AL)
            .hlt()
            .assemble();
    MachineConfig config = configOf(code).build();
    try (PcMachine machine = new PcMachine(Linux.system(), config, loop -> serial)) {
      assertThat(machine.run()).isEqualTo(new StopReason.DebugExit((5 << 1) | 1));
    }
  }

  private MachineConfig.Builder configOf(byte[] code) throws IOException {
    byte[] image = ElfWriter.write(GuestProgram.ofCode(0x10_0000, code));
    Path kernel = Files.write(folder.resolve("guest.elf"), image);
    return MachineConfig.builder()
        .guest(new GuestImage.KernelFile(kernel, null, "", BootProtocol.AUTO))
        .timeout(Duration.ofSeconds(60));
  }

  @Test
  void shouldReportACrashWithRegistersAndCode() throws Exception {
    MachineConfig config = configOf(TinyGuests.tripleFault()).build();
    try (PcMachine machine = new PcMachine(Linux.system(), config, loop -> serial)) {
      StopReason.Crashed reason = (StopReason.Crashed) machine.run();

      assertThat(machine.crashReport(reason.crash()))
          .contains("vCPU 0 cannot go on", "RIP", "CR3", "Last exits");
    }
  }
}
