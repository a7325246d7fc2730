package javelin.perf.virtio;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** The work that the guest is given, and its report. */
class GuestTextTest {
  @TempDir Path folder;

  @Test
  void shouldMarkEachJobButTheWarmUp() {
    String file = FioJob.file(FioJob.ALL, 500, 1000);

    for (FioJob job : FioJob.ALL) {
      assertThat(file)
          .contains("[" + job.name() + "]", "exec_prerun=/bench/mark " + job.name() + " begin\n");
    }
    assertThat(file).contains("runtime=500ms", "runtime=1000ms").doesNotContain("mark warm-up");
  }

  @Test
  void shouldReadTheReportOfTheSecondDisk() throws Exception {
    Path disk = folder.resolve("report");
    Files.writeString(disk, String.format("%-512s", 5) + "{ } \nleft over");

    assertThat(SideRun.readReport(disk)).isEqualTo("{ } \n");
  }

  @Test
  void shouldRefuseASecondDiskWithoutAReport() throws Exception {
    Path disk = folder.resolve("report");
    Files.write(disk, new byte[4096]);

    assertThatThrownBy(() -> SideRun.readReport(disk))
        .isInstanceOf(IOException.class)
        .hasMessageContaining("no report");
  }
}
