package javelin.perf.exits;

import java.util.Arrays;
import java.util.Map;
import javelin.boot.guest.bench.ExitCase;
import javelin.boot.guest.bench.ExitsGuest;
import javelin.perf.guest.CaseSamples;
import javelin.perf.guest.TscClock;
import javelin.perf.result.Outcome;
import javelin.perf.result.Series;
import javelin.perf.result.Unit;

/** Adds each side's rounds to the outcome: all cases, or what became of them. */
final class ExitsRounds {
  private final Outcome outcome;
  private final ExitsGuest.Plan plan;

  /** Adds rounds of {@code plan} to {@code outcome}. */
  ExitsRounds(Outcome outcome, ExitsGuest.Plan plan) {
    this.outcome = outcome;
    this.plan = plan;
  }

  /** Adds one side's round. */
  void add(String side, SideRun run) {
    TscClock clock = TscClock.of(run.tscKhz(), run.text());
    for (ExitCase of : ExitCase.values()) {
      CaseSamples samples = run.text().find(of.id());
      String what = of.id() + ", " + side;
      if (samples == null) {
        outcome.gap(what, "the guest ended before it came to it");
      } else if (samples.skipped().isPresent()) {
        outcome.gap(what, samples.skipped().get());
      } else {
        add(outcome.series(of.id(), side, Unit.NANOSECONDS), of, samples, clock, run);
        require(what, of, samples, run);
      }
    }
  }

  private static void add(
      Series series, ExitCase of, CaseSamples samples, TscClock clock, SideRun run) {
    long[] all;
    if (of.isTimedOutside()) {
      all = run.outside().getOrDefault(of, new long[0]);
    } else {
      all = Arrays.stream(samples.ticks()).map(clock::nanos).toArray();
    }
    long[] good = Arrays.stream(all).filter(nanos -> nanos >= 0).toArray();
    series.add(good);
    if (good.length < all.length) {
      series.count("below zero and left out", all.length - good.length, all.length);
    }
    if (good.length > 0) {
      Map<Tally, Long> tallies = run.tallies().getOrDefault(of, Map.of());
      tallies.forEach(
          (tally, count) -> {
            if (tally == Tally.USER_EXITS || tally == Tally.KVM_EXITS || count != 0) {
              series.count(tally.label(), count, all.length);
            }
          });
    }
  }

  /** Says so where there are fewer samples than operations. */
  private void require(String what, ExitCase of, CaseSamples samples, SideRun run) {
    long found =
        of.isTimedOutside() ? run.outside().getOrDefault(of, new long[0]).length : samples.size();
    if (found < plan.count(of)) {
      String why =
          samples.counts().containsKey("lost")
              ? "an interrupt did not come within 2 s; there are %d samples of %d"
              : "there are %d samples of %d";
      outcome.gap(what, why.formatted(found, plan.count(of)));
    }
  }
}
