package javelin.perf.result.page;

import static org.assertj.core.api.Assertions.assertThat;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.concurrent.TimeUnit;

/** Headless Chromium, from Debian's package of that name. */
final class Browser {
  private static final Path PROGRAM = Path.of("/usr/bin/chromium");
  private static final long LIMIT_SECONDS = 90;

  private final Path folder;

  /**
   * Skips the test where there is no browser.
   *
   * @param folder for what it keeps
   */
  Browser(Path folder) {
    assumeTrue(Files.isExecutable(PROGRAM), "skipped: chromium is not installed");
    this.folder = folder;
  }

  /** What it makes of a page, as markup. */
  String open(Path page) throws IOException, InterruptedException {
    Path dump = folder.resolve("dump.html");
    Process process =
        new ProcessBuilder(
                PROGRAM.toString(),
                "--headless=new",
                "--no-sandbox",
                "--disable-gpu",
                "--disable-dev-shm-usage",
                "--user-data-dir=" + folder.resolve("profile"),
                "--dump-dom",
                page.toUri().toString())
            .redirectOutput(dump.toFile())
            .redirectError(folder.resolve("errors").toFile())
            .start();
    boolean ended = process.waitFor(LIMIT_SECONDS, TimeUnit.SECONDS);
    process.destroyForcibly().waitFor();
    assertThat(ended).as("the browser ended by itself").isTrue();
    return Files.readString(dump);
  }
}
