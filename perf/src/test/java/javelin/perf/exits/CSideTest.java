package javelin.perf.exits;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import java.nio.file.Files;
import java.util.List;
import java.util.Map;
import javelin.boot.cli.CommandException;
import javelin.boot.guest.bench.ExitCase;
import javelin.boot.guest.bench.ExitsGuest;
import javelin.perf.bench.HostTool;
import javelin.perf.guest.SampleText;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

@Timeout(120)
class CSideTest {
  private static final ExitsGuest.Plan PLAN = new ExitsGuest.Plan(1, 10, 1);

  @Test
  void shouldDoWithoutTheProgramWhenThereIsNoCompiler() throws Exception {
    assertThat(CSide.prepare("javelin-has-no-such-compiler", PLAN)).isEmpty();
  }

  @Test
  void shouldSayWhatFailedWhenTheCompilerFails() {
    assertThatThrownBy(() -> CSide.prepare("false", PLAN))
        .isInstanceOf(CommandException.class)
        .hasMessageStartingWith("false failed");
  }

  @Test
  void shouldCompileWhereThereIsACompiler() throws Exception {
    assumeTrue(HostTool.find("cc").isPresent(), "skipped: cc is not installed");
    try (Scratch scratch = new Scratch()) {
      assertThat(CSide.compile("cc", scratch, PLAN)).isTrue();
      assertThat(scratch.file("exits")).isExecutable();
      assertThat(Files.readString(scratch.file("errors"))).isEmpty();
    }
  }

  @Test
  void shouldTakeTheProgramsFiguresOutOfTheGuestsText() {
    SampleText text = new SampleText(10);
    List.of(
            "@case port-write",
            "@count user-exits 2",
            "@ticks 5 6",
            "@case host-port-write",
            "@count user-exits 2",
            "@ticks 1f4 2bc")
        .forEach(text);

    SideRun run = CSide.sorted(text, 1000);

    assertThat(run.tallies())
        .isEqualTo(
            Map.of(
                ExitCase.PORT_WRITE, Map.of(Tally.USER_EXITS, 2L),
                ExitCase.HOST_PORT_WRITE, Map.of(Tally.USER_EXITS, 2L)));
    assertThat(run.outside()).containsOnlyKeys(ExitCase.HOST_PORT_WRITE);
    assertThat(run.outside().get(ExitCase.HOST_PORT_WRITE)).containsExactly(500, 700);
  }
}
