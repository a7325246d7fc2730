package javelin.boot.cli;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import javelin.boot.machine.AssignSpec;
import javelin.boot.machine.GuestImage;
import javelin.boot.machine.MachineConfig;
import javelin.boot.machine.SerialSpec;
import javelin.passthrough.host.FakePciDevice;
import javelin.passthrough.host.FakePciHost;
import javelin.vmm.linux.FakeSyscalls;
import javelin.vmm.linux.Linux;
import javelin.vmm.memory.RamConfig;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class AssignmentCheckTest {
  private static final long MIB = 1L << 20;

  @TempDir Path root;

  private final Linux linux =
      new Linux(new FakeSyscalls().limit(Linux.RLIMIT_MEMLOCK, 8 * MIB, 600 * MIB));
  private final List<String> warnings = new ArrayList<>();
  private FakePciHost host;
  private FakePciDevice nic;

  @BeforeEach
  void makeHost() {
    host = new FakePciHost(root);
    host.file("/proc/interrupts", "  24:   0  IR-PCI-MSI 1048576-edge  eth0\n")
        .directory("/sys/bus/pci/drivers/vfio-pci")
        .directory("/sys/module/vfio_iommu_type1")
        .file("/dev/vfio/vfio", "");
    nic = host.device("00:03.0").type(0x020000).driver("e1000e").group(3).reset("");
  }

  private void require(boolean force, RamConfig ram, String spec) {
    MachineConfig config =
        MachineConfig.builder()
            .guest(GuestImage.BuiltIn.ASSIGN_CHECK)
            .ram(ram)
            .cpus(1)
            .serial(SerialSpec.parse("null"))
            .assigned(List.of(AssignSpec.parse("--assign", spec, false)))
            .build();
    AssignmentCheck.require(config, force, host.files(), linux, warnings::add);
  }

  @Test
  void shouldWarnAndLetTheRunPinItsRam() {
    require(false, RamConfig.of(512 * MIB), "00:03.0,no-reset=allow");

    assertThat(warnings)
        .containsExactly(
            "0000:00:03.0: the kernel knows no way to reset it (a bus reset needs a port above it),"
                + " so the next guest finds what this one leaves in it; accepted by no-reset=allow");
    assertThat(linux.softLimit(Linux.RLIMIT_MEMLOCK)).isEqualTo(600 * MIB);
  }

  @Test
  void shouldNameAllThatStandsAgainstItLineByLine() {
    nic.netdev("eth0", true);
    host.routes("eth0 00000000 00000000");
    // Locked RAM counts twice: once as locked, once as pinned.
    RamConfig ram = new RamConfig(512 * MIB, RamConfig.of(0).pages(), true, false);

    assertThatThrownBy(() -> require(false, ram, "00:03.0"))
        .isInstanceOfSatisfying(
            CommandException.class,
            e -> {
              assertThat(e.exitCode()).isEqualTo(ExitCode.START_ERROR);
              assertThat(e.getMessage().lines())
                  .hasSize(3)
                  .satisfiesExactly(
                      limit -> assertThat(limit).startsWith("RLIMIT_MEMLOCK: ").contains("1 GiB"),
                      use -> assertThat(use).startsWith("0000:00:03.0: eth0 is up"),
                      reset -> assertThat(reset).contains("no way to reset it"));
            });
    assertThat(warnings).isEmpty();
    assertThat(linux.softLimit(Linux.RLIMIT_MEMLOCK)).isEqualTo(8 * MIB);
  }

  @Test
  void shouldTakeWhatIsInUseWhenForced() {
    nic.reset("flr").netdev("eth0", true);
    host.routes("eth0 00000000 00000000");

    require(true, RamConfig.of(512 * MIB), "00:03.0");

    assertThat(warnings).isEmpty();
  }
}
