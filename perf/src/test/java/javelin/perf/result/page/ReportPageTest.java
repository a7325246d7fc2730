package javelin.perf.result.page;

import static org.assertj.core.api.Assertions.assertThat;

import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Instant;
import java.util.List;
import java.util.stream.LongStream;
import javelin.perf.result.Outcome;
import javelin.perf.result.Unit;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

class ReportPageTest {
  private static Outcome outcome() {
    Outcome outcome = new Outcome("exits", List.of(), Instant.parse("2026-01-02T03:04:05Z"));
    outcome.condition("Machine", "2 CPUs <of> \"some\" & other").ratio("Javelin", "C");
    outcome.gap("IPI", "one CPU only");
    for (String side : List.of("C", "Javelin")) {
      for (String name : List.of("port write", "MMIO write")) {
        long[] values = LongStream.rangeClosed(1, 2000).map(i -> 8000 + i * i / 100).toArray();
        outcome.series(name, side, Unit.NANOSECONDS).add(values).add(values);
      }
    }
    return outcome;
  }

  @Test
  void shouldDrawAPlotAndATableForEachCase() {
    String page = ReportPage.of(outcome());

    assertThat(page.split("<svg", -1)).hasSize(3);
    assertThat(page.split("<polyline", -1)).hasSize(5);
    assertThat(page)
        .contains("2 CPUs &lt;of&gt; &quot;some&quot; &amp; other")
        .contains("Not measured: IPI: one CPU only")
        .contains("Javelin / C", "N = 4000", "99.9%")
        .doesNotContain("src=", "href=", "url(", "NaN", "Infinity");
  }

  @Test
  void shouldSayThatItWasInterrupted() {
    assertThat(ReportPage.of(outcome().interrupted(true))).contains("Interrupted: these are");
  }

  /** A browser understands it: what it makes of the page has the plots and the tables. */
  @Test
  @Timeout(120)
  void shouldShowInABrowser(@TempDir Path folder) throws Exception {
    Browser browser = new Browser(folder);
    Path page = Files.writeString(folder.resolve("index.html"), ReportPage.of(outcome()));

    String dom = browser.open(page);

    assertThat(dom.split("<svg", -1)).hasSize(3);
    assertThat(dom.split("<table", -1)).hasSize(4);
    assertThat(dom).contains("<title>javelin bench exits</title>", "</body></html>");
  }
}
