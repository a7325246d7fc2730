package javelin.perf.linux;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import javelin.boot.cli.CommandException;
import javelin.perf.linux.GuestProcess.Ending;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** With a shell for a monitor. */
class GuestProcessTest {
  private static final Duration LONG = Duration.ofMinutes(1);

  @TempDir Path folder;

  private final List<String> heard = new ArrayList<>();
  private final CountDownLatch gone = new CountDownLatch(1);

  private GuestProcess process(String script, Ending ending) {
    return new GuestProcess("sh", List.of("sh", "-c", script), ending, gone::countDown);
  }

  private void hear(GuestSays said) {
    heard.add(said.what());
  }

  @Test
  void shouldKillWhatGoesOnAfterTheGuestsEnd() throws Exception {
    process("echo BENCH up; echo else; echo BENCH end; exec sleep 100", Ending.KILLED)
        .run(LONG, this::hear);

    assertThat(heard).containsExactly("up");
  }

  @Test
  void shouldLetItPutThingsInOrderAfterTheGuestsEnd() throws Exception {
    Path done = folder.resolve("done");
    process("echo BENCH end; sleep 0.2; echo bye; touch " + done, Ending.BY_ITSELF)
        .run(LONG, this::hear);

    assertThat(Files.exists(done)).isTrue();
  }

  @Test
  void shouldLetItPutThingsInOrderWhenNobodyWantsItAnyMore() {
    Path done = folder.resolve("done");
    String script = "trap 'echo bye; touch " + done + "; exit' TERM; echo BENCH up;";
    GuestProcess process = process(script + " while :; do sleep 0.05; done", Ending.BY_ITSELF);

    assertThatThrownBy(
            () ->
                process.run(
                    LONG,
                    said -> {
                      throw new IOException("no answer");
                    }))
        .isInstanceOf(CommandException.class)
        .hasMessageContaining("sh no answer")
        .hasMessageContaining("BENCH up");
    assertThat(Files.exists(done)).isTrue();
  }

  @Test
  void shouldSayThatItWasLate() {
    GuestProcess process = process("echo 'Kernel panic'; exec sleep 100", Ending.KILLED);

    assertThatThrownBy(() -> process.run(Duration.ofMillis(200), this::hear))
        .isInstanceOf(CommandException.class)
        .hasMessageContaining("did not come to its end within 200ms")
        .hasMessageContaining("Kernel panic");
  }

  @Test
  void shouldTellThatItIsGoneEvenToWhoKeepsItsConsoleWaiting() {
    assertThatThrownBy(
            () ->
                process("echo BENCH up; sleep 0.1", Ending.BY_ITSELF)
                    .run(
                        LONG,
                        said -> {
                          try {
                            assertThat(gone.await(1, TimeUnit.MINUTES)).isTrue();
                          } catch (InterruptedException e) {
                            throw new IllegalStateException(e);
                          }
                        }))
        .isInstanceOf(CommandException.class)
        .hasMessageContaining("ended before its guest did");
  }

  @Test
  void shouldEndAtOnceWhenItWasUnwantedBeforeItsStart() {
    GuestProcess process = process("exec sleep 100", Ending.BY_ITSELF);
    process.stop();

    assertThatThrownBy(() -> process.run(LONG, this::hear)).isInstanceOf(CommandException.class);
  }

  @Test
  void shouldSayThatItEndedBeforeItsGuest() {
    assertThatThrownBy(() -> process("echo BENCH up", Ending.KILLED).run(LONG, this::hear))
        .isInstanceOf(CommandException.class)
        .hasMessageContaining("ended before its guest did");
  }
}
