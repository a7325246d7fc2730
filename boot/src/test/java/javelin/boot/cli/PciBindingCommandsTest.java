package javelin.boot.cli;

import static org.assertj.core.api.Assertions.assertThat;

import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** The command line of taking and giving back; devices of this host are left alone. */
class PciBindingCommandsTest {
  /** On the last bus of the last domain that a test may expect to be empty. */
  private static final String NONE = "ffff:ff:1f.7";

  @ParameterizedTest
  @ValueSource(strings = {"take", "give-back"})
  void shouldRefuseWhatIsNoAddress(String command) {
    CommandRun run = CommandRun.of("pci", command, NONE, "eth0");
    assertThat(run.exitCode()).isEqualTo(ExitCode.USAGE);
    assertThat(run.err())
        .isEqualTo(
            "javelin: \"eth0\" is no PCI address of the host; write it like 0000:03:00.0 or"
                + " 03:00.0\n");
  }

  @ParameterizedTest
  @ValueSource(strings = {"take", "give-back"})
  void shouldWantAnAddress(String command) {
    CommandRun run = CommandRun.of("pci", command);
    assertThat(run.exitCode()).isEqualTo(ExitCode.USAGE);
    assertThat(run.err()).contains("BDF", "javelin pci " + command + " --help");
  }

  @Test
  void shouldSayThatThereIsNoSuchDevice() {
    CommandRun run = CommandRun.of("pci", "take", NONE, "--force");
    assertThat(run.exitCode()).isEqualTo(ExitCode.START_ERROR);
    assertThat(run.err()).startsWith("javelin: " + NONE + ": no such PCI device");
    assertThat(run.out()).isEmpty();
  }

  @Test
  void shouldShowTheHelpOfEach() {
    assertThat(CommandRun.of("pci", "recover", "--help").out()).contains("--all", "were killed");
    assertThat(CommandRun.of("pci", "take", "--help").out()).contains("--force", "BDF");
    assertThat(CommandRun.of("pci", "--help").out()).contains("take", "give-back", "recover");
  }
}
