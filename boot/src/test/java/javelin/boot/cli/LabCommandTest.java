package javelin.boot.cli;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.PrintWriter;
import java.io.StringWriter;
import java.nio.file.Path;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

final class LabCommandTest {
  private final StringWriter out = new StringWriter();
  private final StringWriter err = new StringWriter();

  @ParameterizedTest
  @CsvSource({
    "--iommu, arm, '--iommu arm: choose one of intel, amd, none'",
    "--memory, much, '--memory much: write a number and a unit'",
    "--memory, 1M, '--memory: the lab''s host needs 256M or more'",
    "--cpus, 0, '--cpus 0: choose 1 to 64'",
    "--cpus, two, '--cpus two: give a number'",
    "--timeout, soon, '--timeout soon: write a number and a unit'",
    "--timeout, 0, '--timeout: the host needs some time'",
    "--device, 'a b', '--device a b: name a device'",
  })
  void shouldNameTheOptionThatIsWrong(String option, String value, String message) {
    assertThat(lab(option, value, "--", "true")).isEqualTo(LabCommand.LAB_FAILED);
    assertThat(err.toString()).startsWith("javelin: " + message).hasLineCount(1);
    assertThat(out.toString()).isEmpty();
  }

  @Test
  void shouldRefuseAnOptionThatDoesNotExist() {
    assertThat(lab("--frob")).isEqualTo(ExitCode.USAGE);
    assertThat(err.toString()).contains("--frob", "see javelin lab --help").hasLineCount(1);
  }

  @Test
  void shouldNameAKernelFileThatIsMissing(@TempDir Path folder) {
    Path file = folder.resolve("vmlinuz");
    assertThat(lab("--kernel", file.toString(), "true")).isEqualTo(LabCommand.LAB_FAILED);
    assertThat(err.toString()).startsWith("javelin: ").hasLineCount(1);
  }

  @Test
  void shouldShowItsHelp() {
    assertThat(lab("--help")).isZero();
    assertThat(out.toString()).contains("--iommu", "--device", "Exit code: that of COMMAND");
  }

  private int lab(String... arguments) {
    String[] all = new String[arguments.length + 1];
    all[0] = "lab";
    System.arraycopy(arguments, 0, all, 1, arguments.length);
    return Main.run(all, new PrintWriter(out, true), new PrintWriter(err, true));
  }
}
