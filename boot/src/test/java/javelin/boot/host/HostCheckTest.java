package javelin.boot.host;

import static org.assertj.core.api.Assertions.assertThatCode;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import javelin.boot.kernel.BootProtocol;
import javelin.boot.machine.AssignSpec;
import javelin.boot.machine.ConfigException;
import javelin.boot.machine.GuestImage;
import javelin.boot.machine.MachineConfig;
import javelin.vmm.memory.RamConfig;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class HostCheckTest {
  @TempDir Path root;

  private static MachineConfig kernel(Path kernel, Path initrd) {
    return MachineConfig.builder()
        .guest(new GuestImage.KernelFile(kernel, initrd, "", BootProtocol.AUTO))
        .build();
  }

  private static MachineConfig rom(Path file) {
    return MachineConfig.builder()
        .assigned(List.of(AssignSpec.parse("--assign", "03:00.0,rom=" + file, false)))
        .build();
  }

  private void check(MachineConfig config) {
    HostCheck.check(config, new FakeHost(root.resolve("host")).server().files());
  }

  @Test
  void shouldAcceptGuestWhenItTakesAllRam() {
    MachineConfig config = MachineConfig.builder().ram(RamConfig.of(1L << 30)).build();

    assertThatCode(() -> check(config)).doesNotThrowAnyException();
  }

  @Test
  void shouldNameRamOfHostWhenGuestWantsMore() {
    MachineConfig config = MachineConfig.builder().ram(RamConfig.of(2L << 30)).build();

    assertThatThrownBy(() -> check(config))
        .isInstanceOf(ConfigException.class)
        .hasMessage("--memory 2G: the host has 1024M; give the guest less");
  }

  @Test
  void shouldNameFileWhenItIsMissingOrADirectory() throws IOException {
    Path kernel = Files.createFile(root.resolve("kernel"));
    Path missing = root.resolve("missing");

    assertThatThrownBy(() -> check(kernel(missing, null)))
        .isInstanceOf(ConfigException.class)
        .hasMessage("--kernel " + missing + ": no such file");
    assertThatThrownBy(() -> check(kernel(root, null)))
        .isInstanceOf(ConfigException.class)
        .hasMessage("--kernel " + root + ": is a directory, not a file");
    assertThatThrownBy(() -> check(rom(missing)))
        .isInstanceOf(ConfigException.class)
        .hasMessage("--assign 0000:03:00.0,rom=" + missing + ": no such file");
    assertThatThrownBy(() -> check(rom(kernel)))
        .isInstanceOf(ConfigException.class)
        .hasMessage(
            "--assign 0000:03:00.0,rom="
                + kernel
                + ": is no expansion ROM: it does not begin with the bytes 55 AA");
    assertThatThrownBy(() -> check(kernel(kernel, missing)))
        .isInstanceOf(ConfigException.class)
        .hasMessage("--initrd " + missing + ": no such file");
  }
}
