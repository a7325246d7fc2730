package javelin.boot.machine;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.nio.file.Path;
import java.util.List;
import javelin.devices.pci.PciAddress;
import javelin.passthrough.assigned.AssignOptions;
import javelin.passthrough.assigned.RomOption;
import javelin.passthrough.faults.Fault;
import javelin.passthrough.host.HostAddress;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class AssignSpecTest {
  private static AssignOptions options(String options) {
    return AssignSpec.parse("--assign", "03:00.0" + options, false).options();
  }

  @Test
  void shouldTakeAllFastPathsAndNoRomUnlessToldOtherwise() {
    AssignSpec spec = AssignSpec.parse("--assign", "03:00.0", false);
    assertThat(spec)
        .isEqualTo(
            new AssignSpec(
                new AssignSource.Host(HostAddress.parse("03:00.0")),
                null,
                AssignOptions.DEFAULT,
                false,
                List.of()));
    assertThat(options(",rom=off")).isEqualTo(AssignOptions.DEFAULT);
  }

  @Test
  void shouldReadEachOption() {
    AssignSpec spec =
        AssignSpec.parse(
            "--assign",
            "03:00.0,x-no-mmap,addr=05.1,x-no-irqfd,x-no-resample,x-no-prefault,no-reset=allow,"
                + "rom=on",
            true);
    assertThat(spec)
        .isEqualTo(
            new AssignSpec(
                new AssignSource.Host(HostAddress.parse("03:00.0")),
                PciAddress.parse("05.1"),
                new AssignOptions(false, false, false, false, true, RomOption.DEVICE),
                true,
                List.of()));
  }

  @Test
  void shouldTakeAnythingElseForAFileWithARom() {
    Path file = Path.of("rom/82574.rom");
    assertThat(options(",rom=" + file).rom()).isEqualTo(new RomOption(RomOption.Kind.FILE, file));
    assertThat(options(",rom=./on").rom().file()).isEqualTo(Path.of("./on"));
  }

  @Test
  void shouldRefuseARomThatIsGivenTwiceOrNot() {
    assertThatThrownBy(() -> options(",rom=on,rom=off"))
        .isInstanceOf(ConfigException.class)
        .hasMessageContaining("give rom only once");
    assertThatThrownBy(() -> options(",rom"))
        .isInstanceOf(ConfigException.class)
        .hasMessageContaining("rom is on, off or a file");
  }

  @Test
  void shouldReadTheDevicesOfServers() {
    AssignSpec user = AssignSpec.parse("--assign", "user:/run/nvme.sock,addr=05", false);
    assertThat(user.device()).isEqualTo(new AssignSource.User("/run/nvme.sock"));
    assertThat(user.device()).hasToString("user:/run/nvme.sock");
    assertThat(user.isOfHost()).isFalse();
    AssignSpec demo =
        AssignSpec.parse("--assign", "demo:msix,fault=drop-irq:3+vanish,x-no-mmap", false);
    assertThat(demo.device()).isEqualTo(new AssignSource.Demo(ServedDevice.MSIX, null));
    assertThat(demo.faults())
        .containsExactly(new Fault(Fault.Kind.DROP_IRQ, 3), new Fault(Fault.Kind.VANISH, 1));
    assertThat(demo.device()).hasToString("demo:msix");
    assertThat(AssignSpec.parse("--assign", "demo", false).device())
        .isEqualTo(new AssignSource.Demo(ServedDevice.EDU, null))
        .hasToString("demo");
  }

  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      value = {
        "--assign       | demo:gpu                 | it is one of edu, msix, nvme",
        "--assign       | demo,fault=melt          | a fault is one of drop-irq, delay-irq",
        "--assign       | demo,fault=vanish:0      | counts from 1",
        "--assign       | 03:00.0,disk=a.img       | disk is for demo:nvme",
        "--assign       | user:                    | followed by the path of a socket",
        "--assign       | demo:nvme                | nvme needs a disk",
        "--assign       | demo,disk=a.img          | edu has no disk; nvme has one",
        "--assign-taken | user:/run/nvme.sock      | only devices of the host can be taken",
      })
  void shouldSayWhatIsWrongWithTheDeviceOfAServer(String option, String text, String reason) {
    assertThatThrownBy(() -> AssignSpec.parse(option, text, option.equals("--assign-taken")))
        .isInstanceOf(ConfigException.class)
        .hasMessageContaining(text)
        .hasMessageContaining(reason);
  }
}
