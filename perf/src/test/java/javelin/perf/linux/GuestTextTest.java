package javelin.perf.linux;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.IOException;
import java.nio.file.Path;
import org.junit.jupiter.api.Test;

/** What the guest is given and what it says. */
class GuestTextTest {
  @Test
  void shouldHearTheGuestBehindWhatTheKernelSays() {
    assertThat(GuestSays.of("[  1.2] BENCH job randread-1 begin\r"))
        .contains(new GuestSays("job", "randread-1 begin"));
    assertThat(GuestSays.of("BENCH end")).contains(new GuestSays("end", ""));
    assertThat(GuestSays.of("a bench")).isEmpty();
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
}
