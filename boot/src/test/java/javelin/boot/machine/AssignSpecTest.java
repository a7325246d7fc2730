package javelin.boot.machine;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.nio.file.Path;
import javelin.devices.pci.PciAddress;
import javelin.passthrough.assigned.AssignOptions;
import javelin.passthrough.assigned.RomOption;
import javelin.passthrough.host.HostAddress;
import org.junit.jupiter.api.Test;

class AssignSpecTest {
  private static AssignOptions options(String options) {
    return AssignSpec.parse("--assign", "03:00.0" + options, false).options();
  }

  @Test
  void shouldTakeAllFastPathsAndNoRomUnlessToldOtherwise() {
    AssignSpec spec = AssignSpec.parse("--assign", "03:00.0", false);
    assertThat(spec)
        .isEqualTo(
            new AssignSpec(HostAddress.parse("03:00.0"), null, AssignOptions.DEFAULT, false));
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
                HostAddress.parse("03:00.0"),
                PciAddress.parse("05.1"),
                new AssignOptions(false, false, false, false, true, RomOption.DEVICE),
                true));
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
}
