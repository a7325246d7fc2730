package javelin.perf.assign;

import java.util.Arrays;
import java.util.EnumMap;
import java.util.Iterator;
import java.util.Map;
import javelin.boot.guest.bench.AssignCase;
import javelin.boot.guest.bench.AssignPlan;
import javelin.perf.guest.CaseSamples;
import javelin.perf.result.Outcome;
import javelin.perf.result.Series;
import javelin.perf.result.Unit;

/** Adds what one run of the guest has measured to the outcome. */
final class SideResult {
  private static final String ERRORS = "errors";

  private final Outcome outcome;
  private final String side;

  SideResult(Outcome outcome, Side side) {
    this.outcome = outcome;
    this.side = side.name();
  }

  /** Adds samples, counts and gaps; a guest that failed keeps what it had measured before. */
  void add(DeviceGuest guest, AssignPlan plan) {
    Map<AssignCase, CaseSamples> found = new EnumMap<>(AssignCase.class);
    Iterator<Counts> counts = guest.counts().iterator();
    for (CaseSamples samples : guest.samples().cases()) {
      AssignCase which = find(samples.name());
      if (samples.skipped().isPresent()) {
        outcome.gap(title(which, samples), samples.skipped().get());
      } else if (which != null && counts.hasNext()) {
        addSamples(which, samples, counts.next(), guest, plan);
      }
      if (which != null) {
        found.put(which, samples);
      }
    }
    if (guest.failure() == null) {
      plan.cases().stream()
          .sorted()
          .filter(which -> !found.containsKey(which))
          .forEach(which -> outcome.gap(group(which), "this device has none"));
    }
  }

  private static String group(AssignCase which) {
    return switch (which.kind()) {
      case DISK_READ, DISK_WRITE -> "4 KiB reads and writes";
      default -> which.title();
    };
  }

  private static String title(AssignCase which, CaseSamples samples) {
    return which == null ? samples.name().replace('-', ' ') : which.title();
  }

  private static AssignCase find(String id) {
    return Arrays.stream(AssignCase.values())
        .filter(which -> which.id().equals(id))
        .findFirst()
        .orElse(null);
  }

  private void addSamples(
      AssignCase which, CaseSamples samples, Counts counts, DeviceGuest guest, AssignPlan plan) {
    long errors = samples.counts().getOrDefault(ERRORS, 0L);
    if (samples.size() != plan.samples() || errors != 0) {
      outcome.gap(
          which.title() + ", " + side,
          errors == 0
              ? samples.size() + " of " + plan.samples() + " samples came"
              : errors + " operations failed");
      return;
    }
    Series series =
        which == AssignCase.READ_4K_PACED
            ? outcome.scheduled(which.title(), side, Unit.NANOSECONDS)
            : outcome.series(which.title(), side, Unit.NANOSECONDS);
    series.add(Arrays.stream(samples.ticks()).map(guest.clock()::nanos).toArray());
    counts.addTo(series, samples.size());
  }
}
