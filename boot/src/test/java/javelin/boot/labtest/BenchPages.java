package javelin.boot.labtest;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;

/** Where the tests of benches leave the pages that they have made, for people and for a browser. */
final class BenchPages {
  /** Names a folder that outlives the lab; without it the pages are nobody's. */
  private static final String FOLDER = "JAVELIN_PAGES";

  private BenchPages() {}

  /** The folder for the page of {@code bench}. */
  static Path folder(String bench) throws IOException {
    String kept = System.getenv(FOLDER);
    return kept == null
        ? Files.createTempDirectory("javelin-page")
        : Files.createDirectories(Path.of(kept, bench));
  }
}
