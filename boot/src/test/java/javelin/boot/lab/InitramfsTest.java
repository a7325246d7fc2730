package javelin.boot.lab;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

final class InitramfsTest {
  private static final Path KERNEL = Path.of("/boot/vmlinuz");

  @TempDir private Path folder;

  @Test
  void shouldHandTheCommandItsWordsFolderAndEnvironmentUnchanged() {
    List<String> words = List.of("printf", "[%s]", "two words", "it's", "$HOME `id` \\n\"");
    String script = Initramfs.command(options(words), KERNEL, Map.of("TERM", "a'b", "SECRET", "x"));
    assertThat(script)
        .contains("export TERM='a'\\''b'\n", "cd '" + folder + "' ")
        .doesNotContain("SECRET");
    byte[] output = HostPrograms.output(List.of("sh", "-c", script));
    assertThat(new String(output, StandardCharsets.UTF_8))
        .isEqualTo("[two words][it's][$HOME `id` \\n\"]");
  }

  @Test
  void shouldStartAShellWithoutACommand() {
    assertThat(Initramfs.command(options(List.of()), KERNEL, Map.of())).contains("exec /bin/bash");
  }

  @Test
  void shouldHoldBusyboxTheScriptsAndTheDriversOfTheDevices() throws IOException {
    assertThat(written(QemuRelease.RELIABLE))
        .contains("bin/busybox", "bin/switch_root", "lab/host.sh", "release='6.1.0-test'");
  }

  @Test
  void shouldWakeProcessorsWhereQemuForgetsTo() throws IOException {
    assertThat(written(new QemuRelease(7, 2))).contains("wake=yes");
    assertThat(written(QemuRelease.RELIABLE)).contains("wake=no");
  }

  private String written(QemuRelease release) throws IOException {
    Path file = folder.resolve("initramfs");
    QemuProgram qemu = new QemuProgram(List.of("/usr/bin/qemu"), release);
    Initramfs.write(file, options(List.of("true")), LabFixture.parts(folder, qemu));
    return Files.readString(file, StandardCharsets.ISO_8859_1);
  }

  private LabOptions options(List<String> command) {
    LabOptions plain = LabFixture.options(Iommu.INTEL, Duration.ofSeconds(1), "e1000e");
    return new LabOptions(
        plain.iommu(),
        plain.devices(),
        plain.kernel(),
        plain.append(),
        plain.qemu(),
        plain.memory(),
        plain.cpus(),
        null,
        plain.timeout(),
        false,
        folder,
        command);
  }
}
