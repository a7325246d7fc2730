package javelin.perf.result.page;

import static org.assertj.core.api.Assertions.assertThat;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/** The pages that other tests had benches make, in a browser. */
class MadePagesTest {
  /** Names the folder below which the pages are. */
  private static final String FOLDER = "JAVELIN_PAGES";

  @Test
  @Timeout(600)
  void shouldShowPlotsAndTablesOfEachPage(@TempDir Path kept) throws Exception {
    String folder = System.getenv(FOLDER);
    assumeTrue(folder != null, "skipped: " + FOLDER + " names no folder with pages of benches");
    Browser browser = new Browser(kept);
    List<Path> pages;
    try (Stream<Path> files = Files.walk(Path.of(folder))) {
      pages = files.filter(file -> file.endsWith("index.html")).toList();
    }
    assumeTrue(!pages.isEmpty(), "skipped: no bench has made a page, the lab was left out");

    for (Path page : pages) {
      String dom = browser.open(page);

      assertThat(dom)
          .as(page.toString())
          .contains("<h1>javelin bench ", "<dt>Machine</dt>", "</body>");
      int cases = dom.split("<section>", -1).length - 1;
      assertThat(cases).as(page.toString()).isPositive();
      assertThat(dom.split("<polyline", -1).length - 1).as("plots").isGreaterThanOrEqualTo(cases);
      assertThat(dom.split("<table", -1).length - 1).as("tables").isGreaterThanOrEqualTo(cases);
    }
  }
}
