package javelin.perf.exits;

import static javelin.vmm.kvm.KvmAvailable.assumeKvm;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import javelin.boot.cli.CommandException;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

@Timeout(120)
class ExitCostTest {
  private static final int WARMUP = 100;
  private static final int COUNT = 500;

  @Test
  void shouldDoWithoutTheCSideWhenThereIsNoCompiler() throws Exception {
    assertThat(CLoop.compile("javelin-has-no-such-compiler")).isNull();
  }

  @Test
  void shouldSayWhatFailedWhenTheCompilerFails() {
    assertThatThrownBy(() -> CLoop.compile("false"))
        .isInstanceOf(CommandException.class)
        .hasMessageStartingWith("false failed");
  }

  @ParameterizedTest
  @EnumSource
  @Tag("kvm")
  void shouldTakeTheTimeOfEachExitWhenJavelinRunsTheGuest(ExitLoop loop) throws Exception {
    assumeKvm();
    // The JVM interprets most of these exits, and they allocate nothing even so.
    Samples samples = JavaLoop.run(loop, WARMUP, COUNT);

    assertThat(samples.nanos()).hasSize(COUNT).doesNotContain(0);
    assertThat(samples.allocatedBytes()).isLessThan(512);
  }

  @ParameterizedTest
  @EnumSource
  @Tag("kvm")
  void shouldTakeTheTimeOfEachExitWhenCRunsTheGuest(ExitLoop loop) throws Exception {
    assumeKvm();
    try (CLoop program = CLoop.compile("gcc")) {
      assumeTrue(program != null, "skipped: gcc is not installed");

      Samples samples = program.run(loop, WARMUP, COUNT);

      assertThat(samples.nanos()).hasSize(COUNT).doesNotContain(0);
    }
  }
}
