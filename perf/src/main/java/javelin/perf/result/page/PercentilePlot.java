package javelin.perf.result.page;

import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import javelin.perf.result.Series;
import javelin.perf.result.Unit;
import org.HdrHistogram.Histogram;
import org.HdrHistogram.HistogramIterationValue;

/**
 * The percentile distribution of a case's sides as an SVG drawing: percentiles from left to right,
 * each nine further than the last by the same distance, values upwards on a logarithmic scale.
 */
final class PercentilePlot {
  private static final int WIDTH = 640;
  private static final int HEIGHT = 300;
  private static final int LEFT = 76;
  private static final int RIGHT = 16;
  private static final int TOP = 14;
  private static final int BOTTOM = 34;
  private static final int LINE_HEIGHT = 17;
  private static final int SWATCH = 18;
  private static final int STEPS_PER_HALF = 5;
  private static final int MOST_NINES = 6;

  private final Unit unit;
  private final List<Series> sides;
  private final Markup svg = new Markup();
  private final int nines;
  private final List<Double> ticks;

  private PercentilePlot(List<Series> sides) {
    this.sides = sides;
    unit = sides.get(0).unit();
    long most = sides.stream().mapToLong(Series::n).max().orElse(1);
    nines = Math.max(1, Math.min(MOST_NINES, (int) Math.floor(Math.log10((double) most))));
    long least = sides.stream().mapToLong(s -> Math.max(s.at(0), 1)).min().orElse(1);
    long greatest = sides.stream().mapToLong(s -> Math.max(s.at(100), 1)).max().orElse(1);
    ticks = Ticks.around(least, greatest);
  }

  /** The drawing of at least one series; all have one unit. */
  static String svg(List<Series> sides) {
    PercentilePlot plot = new PercentilePlot(sides);
    plot.draw();
    return plot.svg.toString();
  }

  private void draw() {
    int full = HEIGHT + LINE_HEIGHT * sides.size();
    svg.open(
        "svg",
        "viewBox",
        "0 0 " + WIDTH + " " + full,
        "role",
        "img",
        "aria-label",
        "Percentiles of " + sides.get(0).name());
    for (int nine = 0; nine <= nines; nine++) {
      vertical(x(1 - Math.pow(10, -nine)), percent(nine));
    }
    ticks.forEach(tick -> horizontal(y(tick), unit.format(tick)));
    for (int i = 0; i < sides.size(); i++) {
      line(sides.get(i), i);
      legend(sides.get(i), i);
    }
    svg.close("svg");
  }

  private static String percent(int nine) {
    return nine == 0
        ? "0%"
        : nine == 1 ? "90%" : nine == 2 ? "99%" : "99." + "9".repeat(nine - 2) + "%";
  }

  private double x(double quantile) {
    double distance = -Math.log10(Math.max(1 - quantile, Math.pow(10, -nines)));
    return LEFT + (WIDTH - LEFT - RIGHT) * distance / nines;
  }

  private double y(double value) {
    double lowest = Math.log10(ticks.get(0));
    double highest = Math.log10(ticks.get(ticks.size() - 1));
    double share = (Math.log10(Math.max(value, 1)) - lowest) / (highest - lowest);
    return HEIGHT - BOTTOM - (HEIGHT - TOP - BOTTOM) * share;
  }

  private static String number(double value) {
    return String.format(Locale.ROOT, "%.1f", value);
  }

  private void vertical(double x, String label) {
    String at = number(x);
    svg.empty(
        "line",
        "class",
        "grid",
        "x1",
        at,
        "x2",
        at,
        "y1",
        number(TOP),
        "y2",
        number(HEIGHT - BOTTOM));
    svg.open("text", "x", at, "y", number(HEIGHT - BOTTOM + LINE_HEIGHT), "text-anchor", "middle");
    svg.text(label).close("text");
  }

  private void horizontal(double y, String label) {
    String at = number(y);
    svg.empty(
        "line",
        "class",
        "grid",
        "y1",
        at,
        "y2",
        at,
        "x1",
        number(LEFT),
        "x2",
        number(WIDTH - RIGHT));
    svg.open("text", "x", number(LEFT - 6), "y", number(y + 4), "text-anchor", "end");
    svg.text(label).close("text");
  }

  /** A corner at each percentile of the histogram's own steps. */
  private void line(Series series, int index) {
    List<String> points = new ArrayList<>();
    Histogram histogram = series.histogram();
    for (HistogramIterationValue step : histogram.percentiles(STEPS_PER_HALF)) {
      double quantile = step.getPercentileLevelIteratedTo() / 100;
      points.add(number(x(quantile)) + "," + number(y((double) step.getValueIteratedTo())));
    }
    svg.empty("polyline", "class", "s" + index, "points", String.join(" ", points));
  }

  private void legend(Series series, int index) {
    double y = HEIGHT + LINE_HEIGHT * index + 4.0;
    svg.empty(
        "line",
        "class",
        "s" + index,
        "x1",
        number(LEFT),
        "x2",
        number(LEFT + SWATCH),
        "y1",
        number(y - 4),
        "y2",
        number(y - 4));
    svg.open("text", "x", number(LEFT + SWATCH + 6), "y", number(y));
    svg.text(series.side() + ", N = " + series.n()).close("text");
  }
}
