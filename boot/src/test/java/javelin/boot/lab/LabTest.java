package javelin.boot.lab;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.OutputStream;
import java.io.PrintStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

@Timeout(60)
final class LabTest {
  @TempDir private Path folder;
  private Path files;

  @Test
  void shouldShowTheEndOfTheConsoleWhenTheHostDoesNotComeUp() throws Exception {
    // What QEMU would write its console to is the word after "file:".
    String script =
        "for word; do case $word in file:*) echo 'Kernel panic' > \"${word#file:}\";; esac; done\n"
            + "exec sleep 60";
    assertThatThrownBy(() -> run(script, Duration.ofSeconds(2)))
        .isInstanceOf(LabException.class)
        .hasMessageContaining("did not come up within 2.0 s (--timeout)")
        .hasMessageContaining("Kernel panic");
  }

  @Test
  void shouldShowWhatQemuSaysWhenItDoesNotStart() {
    assertThatThrownBy(
            () ->
                run(
                    "echo \"'frob' is not a valid device model\" >&2; exit 1",
                    Duration.ofMinutes(1)))
        .isInstanceOf(LabException.class)
        .hasMessageContaining("the lab's host did not come up")
        .hasMessageContaining("'frob' is not a valid device model");
  }

  @Test
  void shouldRemoveItsFilesAndEndQemuWhenItFails() throws Exception {
    Path pid = folder.resolve("pid");
    assertThatThrownBy(() -> run("echo $$ > " + pid + "; exec sleep 60", Duration.ofSeconds(2)))
        .isInstanceOf(LabException.class)
        .hasMessageContaining("its console is empty");
    long process = Long.parseLong(Files.readString(pid).strip());
    assertThat(ProcessHandle.of(process).filter(ProcessHandle::isAlive)).isEmpty();
    assertThat(files).doesNotExist();
  }

  private int run(String qemuScript, Duration timeout) throws Exception {
    List<String> qemu = List.of(LabFixture.program(folder, "qemu", qemuScript).toString());
    LabParts parts = LabFixture.parts(folder, new QemuProgram(qemu, QemuRelease.RELIABLE));
    LabOptions options = LabFixture.options(Iommu.NONE, timeout);
    PrintStream messages = new PrintStream(OutputStream.nullOutputStream(), false, UTF_8);
    try (Lab lab = new Lab(options, parts, messages)) {
      files = lab.files();
      return lab.run(OutputStream.nullOutputStream(), OutputStream.nullOutputStream());
    }
  }
}
