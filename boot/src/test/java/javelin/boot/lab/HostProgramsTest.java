package javelin.boot.lab;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

final class HostProgramsTest {
  @TempDir private Path folder;

  @Test
  void shouldFindAProgramInThePath() throws IOException {
    Files.writeString(folder.resolve("busybox"), "not executable");
    Path other = Files.createDirectory(folder.resolve("other"));
    Path program = LabFixture.program(other, "busybox", "");
    assertThat(HostPrograms.find("busybox", folder + ":" + other)).isEqualTo(program);
  }

  @Test
  void shouldSayWhatToInstallWhenQemuIsMissing() {
    assertThatThrownBy(() -> HostPrograms.find("qemu-system-x86_64", folder.toString()))
        .isInstanceOf(LabException.class)
        .hasMessageContaining("the lab needs qemu-system-x86_64")
        .hasMessageContaining("apt install qemu-system-x86");
  }

  @Test
  void shouldPassOnTheComplaintOfAProgramThatFails() {
    assertThatThrownBy(() -> HostPrograms.output(List.of("sh", "-c", "echo no >&2; exit 3")))
        .isInstanceOf(LabException.class)
        .hasMessageEndingWith("failed: no");
    assertThat(HostPrograms.output(List.of("echo", "yes"))).asString().isEqualTo("yes\n");
  }
}
