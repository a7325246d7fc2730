package javelin.boot.cli;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class CompletionTest {
  private static final Path BASH = Path.of("/bin/bash");

  @TempDir Path folder;

  /** What bash proposes for the last of {@code words}, with the script in place. */
  private List<String> complete(String... words) throws IOException, InterruptedException {
    assumeTrue(Files.isExecutable(BASH), "needs /bin/bash");
    Path script = folder.resolve("javelin-completion");
    Files.writeString(script, CommandRun.of("completion", "bash").out());
    String line = String.join(" ", words);
    Path test = folder.resolve("test");
    Files.writeString(
        test,
        String.join(
            "\n",
            "source " + script,
            "function=$(complete -p javelin | sed 's/.*-F \\([^ ]*\\).*/\\1/')",
            "COMP_WORDS=(" + String.join(" ", words).replace("''", "\"\"") + ")",
            "COMP_CWORD=$((${#COMP_WORDS[@]} - 1))",
            "COMP_LINE='" + line.replace("''", "") + "'",
            "COMP_POINT=${#COMP_LINE}",
            "$function 2> /dev/null",
            "printf '%s\\n' \"${COMPREPLY[@]}\""));
    Process bash =
        new ProcessBuilder(BASH.toString(), test.toString()).redirectErrorStream(true).start();
    String output = new String(bash.getInputStream().readAllBytes(), UTF_8);
    assertThat(bash.waitFor(10, TimeUnit.SECONDS)).isTrue();
    return output.lines().map(String::strip).toList();
  }

  @Test
  void shouldProposeCommandsWhenFirstWordIsEmpty() throws Exception {
    assertThat(complete("javelin", "''")).contains("info", "completion");
  }

  @Test
  void shouldProposeOptionsOfCommandWhenWordStartsWithDash() throws Exception {
    assertThat(complete("javelin", "info", "--")).contains("--json", "--help");
  }

  @Test
  void shouldNameShellsWhenShellIsUnknown() {
    CommandRun run = CommandRun.of("completion", "tcsh");

    assertThat(run.exitCode()).isEqualTo(ExitCode.USAGE);
    assertThat(run.err()).isEqualTo("javelin: no completion for tcsh; there is bash and zsh\n");
  }
}
