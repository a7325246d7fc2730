package javelin.perf.result;

import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.Optional;
import java.util.StringJoiner;

/** An {@link Outcome} for people, as lines of text. */
public final class OutcomeTable {
  private static final String NO_VALUE = "-";
  private static final int CELL = 10;
  private static final int COUNT = 9;

  private final Outcome outcome;
  private final List<String> lines = new ArrayList<>();
  private final int caseWidth;
  private final int sideWidth;

  private OutcomeTable(Outcome outcome) {
    this.outcome = outcome;
    caseWidth = widest(outcome.cases(), "case");
    List<String> sides = new ArrayList<>(outcome.series().stream().map(Series::side).toList());
    outcome.ratios().forEach(ratio -> sides.add(ratio.label()));
    sideWidth = widest(sides, "side");
  }

  private static int widest(List<String> texts, String head) {
    return Math.max(head.length(), texts.stream().mapToInt(String::length).max().orElse(0));
  }

  /**
   * A row for each series, with its number of samples, its percentiles and what was counted; under
   * a case's rows the ratios of its sides; then what is missing, and what the figures depend on.
   */
  public static List<String> lines(Outcome outcome) {
    OutcomeTable table = new OutcomeTable(outcome);
    table.build();
    return table.lines;
  }

  private void build() {
    if (!outcome.cases().isEmpty()) {
      head();
      outcome.cases().forEach(this::rows);
    }
    if (outcome.isInterrupted()) {
      lines.add("Interrupted: these are the figures of what was done by then.");
    }
    outcome.gaps().forEach(gap -> lines.add("Not measured: " + gap.what() + ": " + gap.why()));
    outcome.conditions().forEach((what, value) -> lines.add(what + ": " + value));
  }

  private void head() {
    StringBuilder head = start("case", "side").append(right("N", COUNT));
    for (Percentile percentile : Percentile.values()) {
      head.append(right(percentile.label(), CELL));
    }
    lines.add(head.toString());
  }

  private void rows(String name) {
    String label = name;
    for (Series series : outcome.of(name)) {
      lines.add(row(label, series));
      label = "";
    }
    for (Ratio ratio : outcome.ratios()) {
      Optional<Series> side = outcome.find(name, ratio.side());
      Optional<Series> base = outcome.find(name, ratio.base());
      if (side.isPresent() && base.isPresent()) {
        lines.add(ratioRow(ratio, side.get(), base.get()));
      }
    }
  }

  private String row(String label, Series series) {
    StringBuilder row = start(label, series.side()).append(right(Long.toString(series.n()), COUNT));
    for (Percentile percentile : Percentile.values()) {
      row.append(right(percentile.of(series).map(series.unit()::format).orElse(NO_VALUE), CELL));
    }
    String remarks = remarks(series);
    return row.append(remarks.isEmpty() ? "" : "  " + remarks).toString();
  }

  /** What was counted for each operation, and how the samples were taken. */
  public static String remarks(Series series) {
    StringJoiner remarks = new StringJoiner(", ");
    for (Counter counter : series.counters()) {
      remarks.add(counter.name() + " " + perOperation(counter));
    }
    if (series.corrected()) {
      remarks.add("against a schedule");
    }
    return remarks.toString();
  }

  /** A counter's figure with what it stands for: {@code 1.00/op}. */
  private static String perOperation(Counter counter) {
    double value = counter.perOperation();
    int places = value == Math.rint(value) ? 0 : value < 1 ? 4 : 2;
    return String.format(Locale.ROOT, "%." + places + "f/op", value);
  }

  private String ratioRow(Ratio ratio, Series side, Series base) {
    StringBuilder row = start("", ratio.label()).append(right("", COUNT));
    for (Percentile percentile : Percentile.values()) {
      row.append(
          right(
              percentile
                  .ratio(side, base)
                  .map(value -> String.format(Locale.ROOT, "%.3f", value))
                  .orElse(NO_VALUE),
              CELL));
    }
    spread(side, base).ifPresent(text -> row.append("  ").append(text));
    return row.toString();
  }

  /**
   * The ratio of the medians by rounds, and how it varies; none where there are fewer than two
   * common rounds.
   */
  public static Optional<String> spread(Series side, Series base) {
    return RoundRatios.of(side, base)
        .map(
            rounds ->
                String.format(
                    Locale.ROOT,
                    "p50 by rounds %.3f, %s of %d within %.3f to %.3f",
                    rounds.median(),
                    rounds.hasFew() ? "all" : "half",
                    rounds.rounds(),
                    rounds.lower(),
                    rounds.upper()));
  }

  private StringBuilder start(String name, String side) {
    return new StringBuilder(
        String.format("%-" + caseWidth + "s  %-" + sideWidth + "s", name, side));
  }

  private static String right(String text, int width) {
    return " " + String.format("%" + width + "s", text);
  }
}
