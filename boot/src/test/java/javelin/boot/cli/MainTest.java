package javelin.boot.cli;

import static org.assertj.core.api.Assertions.assertThat;

import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class MainTest {
  @Test
  void shouldShowCommandsAndFailWhenNoneIsGiven() {
    CommandRun run = CommandRun.of();

    assertThat(run.exitCode()).isEqualTo(ExitCode.USAGE);
    assertThat(run.out()).isEmpty();
    assertThat(run.err()).contains("Usage: javelin").contains("info").contains("completion");
  }

  @Test
  void shouldShowCommandsWhenAskedForHelp() {
    CommandRun run = CommandRun.of("--help");

    assertThat(run.exitCode()).isEqualTo(ExitCode.OK);
    assertThat(run.out()).contains("Usage: javelin").contains("info").contains("completion");
    assertThat(run.err()).isEmpty();
  }

  @Test
  void shouldNameCommandsOfTheLauncherWhenAskedForHelp() {
    assertThat(CommandRun.of("--help").out())
        .contains("test runs every test")
        .contains("bench measures");
  }

  @Test
  void shouldNameTheJavaThatRunsItWhenAskedForVersion() {
    CommandRun run = CommandRun.of("--version");

    assertThat(run.exitCode()).isEqualTo(ExitCode.OK);
    assertThat(run.out())
        .startsWith("javelin ")
        .contains(" on Java " + System.getProperty("java.version"));
  }

  @ParameterizedTest
  @ValueSource(strings = {"nonsense", "--nonsense"})
  void shouldSayInOneLineWhatIsUnknownWhenArgumentIs(String argument) {
    CommandRun run = CommandRun.of(argument);

    assertThat(run.exitCode()).isEqualTo(ExitCode.USAGE);
    assertThat(run.err().lines()).hasSize(1);
    assertThat(run.err()).startsWith("javelin: ").contains(argument).contains("javelin --help");
  }

  @Test
  void shouldPointAtHelpOfCommandWhenItsOptionIsUnknown() {
    CommandRun run = CommandRun.of("info", "--nonsense");

    assertThat(run.exitCode()).isEqualTo(ExitCode.USAGE);
    assertThat(run.err().lines()).hasSize(1);
    assertThat(run.err()).contains("--nonsense").contains("javelin info --help");
  }

  @Test
  void shouldReportHostAsTextAndAsJson() {
    CommandRun text = CommandRun.of("info");
    CommandRun json = CommandRun.of("info", "--json");

    assertThat(text.exitCode()).isEqualTo(ExitCode.OK);
    assertThat(text.out()).contains("Run guests", "Memory", "Device assignment");
    assertThat(json.exitCode()).isEqualTo(ExitCode.OK);
    assertThat(json.out()).startsWith("{").contains("\"ability\": \"Run guests\"");
  }
}
