package javelin.perf.exits;

import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.StringJoiner;

/** The times of {@link ExitCost} as a table and as JSON. */
final class ExitReport {
  private static final double[] PERCENTILES = {0, 50, 90, 99, 99.9};
  private static final String[] NAMES = {"min", "p50", "p90", "p99", "p99.9"};
  private static final String ROW = "%-11s %-8s";

  private final Map<ExitLoop, Map<Side, ExitTimes>> times;

  ExitReport(Map<ExitLoop, Map<Side, ExitTimes>> times) {
    this.times = times;
  }

  /** One row for each loop and side, and one with Javelin's share of C's time. */
  List<String> table() {
    List<String> lines = new ArrayList<>();
    StringBuilder head = new StringBuilder(ROW.formatted("", "ns"));
    for (String name : NAMES) {
      head.append("%9s".formatted(name));
    }
    lines.add(head.append("  heap bytes/exit").toString());
    times.forEach(
        (loop, sides) -> {
          sides.forEach((side, of) -> lines.add(row(loop, side, of)));
          if (sides.size() > 1) {
            lines.add(ratioRow(sides.get(Side.C), sides.get(Side.JAVELIN)));
          }
        });
    return lines;
  }

  private static String row(ExitLoop loop, Side side, ExitTimes of) {
    StringBuilder row = new StringBuilder(ROW.formatted(loop.label(), side.label()));
    for (double percentile : PERCENTILES) {
      row.append("%9d".formatted(of.nanos(percentile)));
    }
    if (side == Side.JAVELIN) {
      row.append(String.format(Locale.ROOT, "%17.4f", of.bytesPerExit()));
    }
    return row.toString();
  }

  private static String ratioRow(ExitTimes c, ExitTimes javelin) {
    StringBuilder row = new StringBuilder(ROW.formatted("", "ratio"));
    for (double percentile : PERCENTILES) {
      double ratio = (double) javelin.nanos(percentile) / c.nanos(percentile);
      row.append(String.format(Locale.ROOT, "%9.3f", ratio));
    }
    List<Double> rounds = roundRatios(c, javelin);
    return row.append(
            String.format(
                Locale.ROOT,
                "  rounds' p50 %.3f to %.3f",
                Collections.min(rounds),
                Collections.max(rounds)))
        .toString();
  }

  /** Javelin's median by C's, of each round. */
  static List<Double> roundRatios(ExitTimes c, ExitTimes javelin) {
    List<Double> ratios = new ArrayList<>();
    for (int i = 0; i < c.roundMedians().size(); i++) {
      ratios.add((double) javelin.roundMedians().get(i) / c.roundMedians().get(i));
    }
    return ratios;
  }

  /** An array of objects, one for each loop and side. */
  String json() {
    StringJoiner rows = new StringJoiner(",\n", "[\n", "\n]\n");
    times.forEach((loop, sides) -> sides.forEach((side, of) -> rows.add(json(loop, side, of))));
    return rows.toString();
  }

  private static String json(ExitLoop loop, Side side, ExitTimes of) {
    StringJoiner fields = new StringJoiner(", ", "  {", "}");
    fields.add("\"exit\": \"" + loop.label() + "\"");
    fields.add("\"side\": \"" + side.label() + "\"");
    fields.add("\"count\": " + of.count());
    for (int i = 0; i < NAMES.length; i++) {
      fields.add("\"" + NAMES[i] + "_ns\": " + of.nanos(PERCENTILES[i]));
    }
    fields.add("\"round_p50_ns\": " + of.roundMedians());
    if (side == Side.JAVELIN) {
      fields.add("\"heap_bytes_per_exit\": " + of.bytesPerExit());
    }
    return fields.toString();
  }
}
