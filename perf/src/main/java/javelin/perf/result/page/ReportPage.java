package javelin.perf.result.page;

import java.io.IOException;
import java.io.InputStream;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.util.List;
import java.util.Locale;
import java.util.Optional;
import javelin.perf.result.Gap;
import javelin.perf.result.Outcome;
import javelin.perf.result.OutcomeTable;
import javelin.perf.result.Percentile;
import javelin.perf.result.Ratio;
import javelin.perf.result.Series;

/** The page: what was measured on which machine, ratios first, then a plot and a table a case. */
public final class ReportPage {
  private final Outcome outcome;
  private final Markup page = new Markup();

  private ReportPage(Outcome outcome) {
    this.outcome = outcome;
  }

  /** The page's text; it refers to no other file. */
  public static String of(Outcome outcome) {
    ReportPage page = new ReportPage(outcome);
    page.build();
    return page.page.toString();
  }

  private void build() {
    String title = "javelin bench " + outcome.bench();
    page.raw("<!DOCTYPE html>\n").open("html", "lang", "en");
    page.raw("<head><meta charset=\"utf-8\">");
    page.raw("<meta name=\"viewport\" content=\"width=device-width\">");
    page.element("title", title).open("style").raw(style()).close("style").close("head");
    page.open("body").element("h1", title);
    page.element("p", "Started " + outcome.started() + called());
    conditions();
    gaps();
    ratios();
    outcome.cases().forEach(this::section);
    page.close("body").close("html");
  }

  private static String style() {
    try (InputStream style = ReportPage.class.getResourceAsStream("page.css")) {
      return new String(style.readAllBytes(), StandardCharsets.UTF_8);
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  private String called() {
    String arguments = String.join(" ", outcome.arguments());
    return arguments.isEmpty() ? "" : ", called with " + arguments;
  }

  private void conditions() {
    page.open("dl");
    outcome.conditions().forEach((what, value) -> page.element("dt", what).element("dd", value));
    page.close("dl");
  }

  private void gaps() {
    if (outcome.isInterrupted()) {
      page.open("p", "class", "gap");
      page.text("Interrupted: these are the figures of what was done by then.").close("p");
    }
    for (Gap gap : outcome.gaps()) {
      page.open("p", "class", "gap");
      page.text("Not measured: " + gap.what() + ": " + gap.why()).close("p");
    }
  }

  private void ratios() {
    List<Ratio> shown = outcome.ratios().stream().filter(this::hasCases).toList();
    if (shown.isEmpty()) {
      return;
    }
    page.element("h2", "At a glance: ratios").open("table", "class", "ratios").open("tr");
    page.element("th", "case").element("th", "sides");
    for (Percentile percentile : Percentile.values()) {
      page.element("th", percentile.label());
    }
    page.element("th", "median, over the rounds").close("tr");
    for (String name : outcome.cases()) {
      shown.forEach(ratio -> ratioRow(name, ratio));
    }
    page.close("table");
  }

  private boolean hasCases(Ratio ratio) {
    return outcome.cases().stream()
        .anyMatch(
            name ->
                outcome.find(name, ratio.side()).isPresent()
                    && outcome.find(name, ratio.base()).isPresent());
  }

  private void ratioRow(String name, Ratio ratio) {
    Optional<Series> side = outcome.find(name, ratio.side());
    Optional<Series> base = outcome.find(name, ratio.base());
    if (side.isEmpty() || base.isEmpty()) {
      return;
    }
    page.open("tr").element("td", name).element("td", ratio.label());
    for (Percentile percentile : Percentile.values()) {
      page.element(
          "td", percentile.ratio(side.get(), base.get()).map(ReportPage::ratio).orElse(""));
    }
    page.element("td", OutcomeTable.spread(side.get(), base.get()).orElse("fewer than two rounds"))
        .close("tr");
  }

  private static String ratio(double value) {
    return String.format(Locale.ROOT, "%.3f", value);
  }

  private void section(String name) {
    List<Series> sides = outcome.of(name);
    page.open("section").element("h2", name).raw(PercentilePlot.svg(sides)).open("table");
    page.open("tr").element("th", "side").element("th", "N");
    for (Percentile percentile : Percentile.values()) {
      page.element("th", percentile.label());
    }
    page.element("th", "for each operation").close("tr");
    for (Series series : sides) {
      page.open("tr").element("td", series.side()).element("td", Long.toString(series.n()));
      for (Percentile percentile : Percentile.values()) {
        page.element("td", percentile.of(series).map(series.unit()::format).orElse(""));
      }
      page.element("td", OutcomeTable.remarks(series)).close("tr");
    }
    page.close("table").close("section");
  }
}
