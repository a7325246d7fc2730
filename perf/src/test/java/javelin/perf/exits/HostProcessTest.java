package javelin.perf.exits;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import javelin.boot.cli.CommandException;
import javelin.perf.bench.HostTool;
import javelin.perf.guest.SampleText;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

@Timeout(60)
class HostProcessTest {
  @TempDir Path folder;
  private final List<String> lines = new ArrayList<>();

  private HostProcess shell(Duration limit, String script) {
    return new HostProcess("the program", folder, List.of("sh", "-c", script), limit);
  }

  @Test
  void shouldPassOnEachLineAndAcceptTheGoodExitCode() throws Exception {
    shell(Duration.ofMinutes(1), "echo one; echo two; exit 3").run(lines::add, 3);
    assertThat(lines).containsExactly("one", "two");
  }

  @Test
  void shouldSayWhatTheProgramSaidWhenItFails() {
    assertThatThrownBy(
            () -> shell(Duration.ofMinutes(1), "echo KVM is away >&2; exit 1").run(lines::add, 0))
        .isInstanceOf(CommandException.class)
        .hasMessage("the program failed: KVM is away");
    assertThatThrownBy(() -> shell(Duration.ofMinutes(1), "exit 4").run(lines::add, 0))
        .hasMessage("the program failed: exit code 4");
  }

  @Test
  void shouldEndTheProgramWhenItTakesTooLong() {
    assertThatThrownBy(() -> shell(Duration.ofSeconds(1), "exec sleep 50").run(lines::add, 0))
        .isInstanceOf(CommandException.class)
        .hasMessage("the program has not ended after 1 s");
  }

  @Test
  void shouldEndTheProgramWhenItsTextIsRefused() {
    SampleText text = new SampleText(10);
    assertThatThrownBy(
            () -> shell(Duration.ofMinutes(1), "while :; do echo @ticks 1; done").run(text, 0))
        .isInstanceOf(IllegalStateException.class)
        .hasMessageContaining("the program", "samples without a case");
  }

  @Test
  void shouldFindProgramsByNameAndByPath() {
    assertThat(HostTool.find("sh")).isPresent();
    assertThat(HostTool.find("/bin/sh")).contains(Path.of("/bin/sh"));
    assertThat(HostTool.find("javelin-has-no-such-program")).isEmpty();
    assertThat(HostTool.find(folder + "/none")).isEmpty();
  }
}
