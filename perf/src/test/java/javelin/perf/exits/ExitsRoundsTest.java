package javelin.perf.exits;

import static org.assertj.core.api.Assertions.assertThat;

import java.time.Instant;
import java.util.EnumMap;
import java.util.List;
import java.util.Map;
import javelin.boot.guest.bench.ExitCase;
import javelin.boot.guest.bench.ExitsGuest;
import javelin.perf.guest.SampleText;
import javelin.perf.result.Counter;
import javelin.perf.result.Gap;
import javelin.perf.result.Outcome;
import org.junit.jupiter.api.Test;

class ExitsRoundsTest {
  private static final int KHZ = 1_000_000;
  private static final ExitsGuest.Plan PLAN = new ExitsGuest.Plan(1, 2, 1);

  private final Outcome outcome = new Outcome("exits", List.of(), Instant.EPOCH);

  private void add(SideRun run) {
    new ExitsRounds(outcome, PLAN).add("Javelin", run);
  }

  private static SampleText text(String... lines) {
    SampleText text = new SampleText(100);
    List.of(lines).forEach(text);
    return text;
  }

  private List<Gap> gapsOf(ExitCase of) {
    return outcome.gaps().stream().filter(gap -> gap.what().startsWith(of.id() + ",")).toList();
  }

  @Test
  void shouldTurnTicksIntoNanosecondsAndCountPerOperation() {
    SideRun run = SideRun.ofGuestOnly(text("@case port-write", "@ticks 10 20"), KHZ);
    run.tallies().put(ExitCase.PORT_WRITE, Map.of(Tally.USER_EXITS, 2L, Tally.LOOP_WAKEUPS, 0L));
    add(run);

    var series = outcome.find("port-write", "Javelin").orElseThrow();
    assertThat(series.n()).isEqualTo(2);
    assertThat(series.at(0)).isEqualTo(0x10);
    assertThat(series.counters()).containsExactly(new Counter("exits to user space", 2, 2));
    assertThat(gapsOf(ExitCase.PORT_WRITE)).isEmpty();
  }

  @Test
  void shouldLeaveOutAndCountSamplesBelowZero() {
    add(SideRun.ofGuestOnly(text("@case ipi-running", "@ticks ffffffffffffff00 40"), KHZ));

    var series = outcome.find("ipi-running", "Javelin").orElseThrow();
    assertThat(series.n()).isEqualTo(1);
    assertThat(series.counters()).containsExactly(new Counter("below zero and left out", 1, 2));
    assertThat(gapsOf(ExitCase.IPI_RUNNING)).isEmpty();
  }

  @Test
  void shouldTakeTimesFromOutsideWhereTheyAreTakenThere() {
    Map<ExitCase, long[]> outside = new EnumMap<>(ExitCase.class);
    outside.put(ExitCase.HOST_PORT_WRITE, new long[] {500, 700});
    add(new SideRun(text("@case host-port-write"), 1, outside, Map.of()));

    assertThat(outcome.find("host-port-write", "Javelin").orElseThrow().at(100)).isEqualTo(700);
  }

  @Test
  void shouldNameEachCaseThatWasNotMeasured() {
    add(
        SideRun.ofGuestOnly(
            text(
                "@count tsc-khz 1000",
                "@case irqfd",
                "@ticks 1",
                "@count lost 1",
                "@skip msi there is none"),
            0));

    assertThat(gapsOf(ExitCase.IRQFD).get(0).why()).contains("did not come", "1 samples of 2");
    assertThat(gapsOf(ExitCase.MSI)).containsExactly(new Gap("msi, Javelin", "there is none"));
    assertThat(gapsOf(ExitCase.CPUID).get(0).why()).contains("before it came to it");
    assertThat(outcome.gaps()).hasSize(ExitCase.values().length);
    assertThat(outcome.series()).hasSize(1);
  }

  @Test
  void shouldKnowWhetherKvmsStatisticsWereThere() {
    SideRun run = SideRun.ofGuestOnly(text("@case cpuid"), KHZ);
    assertThat(run.hasKvmStatistics()).isFalse();
    run.tallies().put(ExitCase.CPUID, Map.of(Tally.USER_EXITS, 0L));
    assertThat(run.hasKvmStatistics()).isFalse();
    run.tallies().put(ExitCase.MSI, Map.of(Tally.KVM_EXITS, 2L));
    assertThat(run.hasKvmStatistics()).isTrue();
  }
}
