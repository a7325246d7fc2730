package javelin.perf.result.compare;

import java.util.ArrayList;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import javelin.perf.result.Counter;
import javelin.perf.result.Outcome;
import javelin.perf.result.Series;

/**
 * Two outcomes of one bench, side by side, as lines of text: each series that both have with the
 * change of its median and its 99th percentile, each count that differs, what only one of them has,
 * and the conditions that differ.
 */
public final class Comparison {
  /** Counts of an operation repeat; what differs by more than this is another behaviour. */
  private static final double COUNT_SHARE = 0.01;

  private final Outcome before;
  private final Outcome after;
  private final List<String> lines = new ArrayList<>();
  private int changes;

  private Comparison(Outcome before, Outcome after) {
    this.before = before;
    this.after = after;
  }

  /**
   * The lines.
   *
   * @throws IllegalArgumentException where they are of different benches
   */
  public static List<String> lines(Outcome before, Outcome after) {
    if (!before.bench().equals(after.bench())) {
      throw new IllegalArgumentException(
          "the first is of bench " + before.bench() + ", the second of bench " + after.bench());
    }
    Comparison comparison = new Comparison(before, after);
    comparison.build();
    return comparison.lines;
  }

  private void build() {
    int width = before.series().stream().mapToInt(s -> name(s).length()).max().orElse(0);
    for (Series series : before.series()) {
      Optional<Series> other = after.find(series.name(), series.side());
      if (other.isPresent()) {
        compare(series, other.get(), width);
      }
    }
    onlyIn("the first", before, after);
    onlyIn("the second", after, before);
    conditions();
    lines.add(
        changes == 0
            ? "Nothing changed beyond the noise of the rounds."
            : changes + " figures changed beyond the noise of the rounds.");
  }

  private static String name(Series series) {
    return series.name() + ", " + series.side();
  }

  private void compare(Series first, Series second, int width) {
    if (first.unit() != second.unit()) {
      lines.add(name(first) + ": not in the same unit");
      return;
    }
    for (Change.Figure figure : Change.Figure.values()) {
      if (!figure.isIn(first) || !figure.isIn(second)) {
        continue;
      }
      Change change = Change.of(first, second, figure);
      boolean changed =
          change.verdict() == Change.Verdict.BETTER || change.verdict() == Change.Verdict.WORSE;
      changes += changed ? 1 : 0;
      lines.add(
          String.format(
              Locale.ROOT,
              "%-" + width + "s  %s %10s -> %10s  x %.3f  %s (N %d and %d)",
              name(first),
              figure.label(),
              first.unit().format(change.before()),
              first.unit().format(change.after()),
              change.ratio(),
              change.verdict().words(),
              first.n(),
              second.n()));
    }
    for (Counter counter : first.counters()) {
      second.counters().stream()
          .filter(other -> other.name().equals(counter.name()))
          .forEach(other -> compare(name(first), counter, other));
    }
  }

  private void compare(String name, Counter first, Counter second) {
    double difference = Math.abs(first.perOperation() - second.perOperation());
    if (difference > COUNT_SHARE * Math.max(first.perOperation(), second.perOperation())) {
      changes++;
      lines.add(
          String.format(
              Locale.ROOT,
              "%s: %s %.4f -> %.4f for each operation",
              name,
              first.name(),
              first.perOperation(),
              second.perOperation()));
    }
  }

  private void onlyIn(String which, Outcome one, Outcome other) {
    for (Series series : one.series()) {
      if (other.find(series.name(), series.side()).isEmpty()) {
        lines.add(name(series) + ": only in " + which);
      }
    }
  }

  private void conditions() {
    Map<String, String> first = before.conditions();
    Map<String, String> second = after.conditions();
    Set<String> all = new LinkedHashSet<>(first.keySet());
    all.addAll(second.keySet());
    for (String what : all) {
      String a = first.getOrDefault(what, "not told");
      String b = second.getOrDefault(what, "not told");
      if (!a.equals(b)) {
        lines.add("Another " + what.toLowerCase(Locale.ROOT) + ": " + a + " -> " + b);
      }
    }
  }
}
