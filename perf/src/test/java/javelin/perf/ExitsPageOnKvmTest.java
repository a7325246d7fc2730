package javelin.perf;

import static javelin.vmm.kvm.KvmAvailable.assumeKvm;
import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.io.PrintWriter;
import java.io.StringWriter;
import java.nio.file.Files;
import java.nio.file.Path;
import javelin.boot.guest.bench.ExitCase;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/** A short run of {@code bench exits}, whose page is kept, for people and for a browser. */
@Tag("kvm")
class ExitsPageOnKvmTest {
  private static final String COUNT = "40";

  /** In the lab, a folder that outlives it; else with what the build puts out. */
  private static Path folder() throws IOException {
    String kept = System.getenv("JAVELIN_PAGES");
    Path pages = kept == null ? Path.of("target", "pages") : Path.of(kept);
    return Files.createDirectories(pages.resolve("exits"));
  }

  @Test
  @Timeout(300)
  void shouldMakeAPageOfAShortRun() throws IOException {
    assumeKvm();
    Path folder = folder();
    StringWriter out = new StringWriter();
    StringWriter err = new StringWriter();
    String[] arguments = {
      "exits", "--count", COUNT, "--rounds", "2", "--warmup", COUNT, "--report", folder.toString()
    };

    int code = Main.run(arguments, new PrintWriter(out, true), new PrintWriter(err, true));

    assertThat(code).as(err.toString()).isZero();
    String page = Files.readString(folder.resolve("index.html"));
    for (ExitCase of : ExitCase.values()) {
      assertThat(page).contains("<h2>" + of.id() + "</h2>");
    }
    assertThat(page).contains("<td>" + COUNT + "</td>", "<polyline", "<dt>KVM</dt>");
  }
}
