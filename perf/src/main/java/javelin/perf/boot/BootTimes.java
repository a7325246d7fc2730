package javelin.perf.boot;

import java.time.Duration;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;

/** The times of all runs by contestant; the first contestant is what the others are compared to. */
final class BootTimes {
  private static final double NANOS_PER_SECOND = 1e9;

  private final Map<String, List<Duration>> runs = new LinkedHashMap<>();
  private int failures;

  /** Adds a run. */
  void add(String label, Duration time) {
    runs.computeIfAbsent(label, l -> new ArrayList<>()).add(time);
  }

  /** Adds a run that did not come to its end. */
  void addFailure(String label) {
    runs.computeIfAbsent(label, l -> new ArrayList<>());
    failures++;
  }

  /** How many runs did not come to their end. */
  int failures() {
    return failures;
  }

  /** One row for each contestant, with its median by that of the first one that has any. */
  List<String> table() {
    List<String> lines = new ArrayList<>();
    lines.add("%-14s%8s%8s%8s%8s".formatted("s", "min", "median", "max", "ratio"));
    double base = 0;
    for (Map.Entry<String, List<Duration>> entry : runs.entrySet()) {
      List<Double> seconds =
          entry.getValue().stream().map(t -> t.toNanos() / NANOS_PER_SECOND).sorted().toList();
      if (seconds.isEmpty()) {
        lines.add("%-14s%8s".formatted(entry.getKey(), "none"));
        continue;
      }
      double median = median(seconds);
      base = base == 0 ? median : base;
      lines.add(
          String.format(
              Locale.ROOT,
              "%-14s%8.2f%8.2f%8.2f%8.2f",
              entry.getKey(),
              seconds.get(0),
              median,
              seconds.get(seconds.size() - 1),
              median / base));
    }
    return lines;
  }

  private static double median(List<Double> sorted) {
    int middle = sorted.size() / 2;
    return sorted.size() % 2 == 1
        ? sorted.get(middle)
        : (sorted.get(middle - 1) + sorted.get(middle)) / 2;
  }
}
