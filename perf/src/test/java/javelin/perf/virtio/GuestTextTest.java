package javelin.perf.virtio;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** What the guest is given and what it says. */
class GuestTextTest {
  @TempDir Path folder;

  @Test
  void shouldHearTheGuestBehindWhatTheKernelSays() {
    assertThat(GuestSays.of("[  1.2] BENCH job randread-1 begin\r"))
        .contains(new GuestSays("job", "randread-1 begin"));
    assertThat(GuestSays.of("BENCH end")).contains(new GuestSays("end", ""));
    assertThat(GuestSays.of("a bench")).isEmpty();
  }

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
  void shouldFindTheLoaderToo() throws Exception {
    String answer =
        """
        \tlinux-vdso.so.1 (0x00007ffd0000)
        \tlibz.so.1 => /lib/x86_64-linux-gnu/libz.so.1 (0x00007f030b20a000)
        \t/lib64/ld-linux-x86-64.so.2 (0x00007f030b286000)
        """;
    assertThat(SharedLibraries.parse(answer))
        .containsExactly(
            Path.of("/lib/x86_64-linux-gnu/libz.so.1"), Path.of("/lib64/ld-linux-x86-64.so.2"));
    assertThatThrownBy(() -> SharedLibraries.parse("\tlibx.so => not found"))
        .isInstanceOf(IOException.class)
        .hasMessageContaining("libx.so");
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
