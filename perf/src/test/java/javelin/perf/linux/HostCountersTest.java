package javelin.perf.linux;

import static org.assertj.core.api.Assertions.assertThat;

import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class HostCountersTest {
  @TempDir Path folder;

  @Test
  void shouldCountWhatAProcessDoes() throws Exception {
    long self = ProcessHandle.current().pid();
    HostCounters before = HostCounters.of(self);
    Path file = folder.resolve("file");
    for (int i = 0; i < 50; i++) {
      Files.writeString(file, "x");
    }
    Map<String, Long> since = HostCounters.of(self).since(before);

    assertThat(since.get("reads and writes")).isGreaterThanOrEqualTo(50);
    assertThat(since.get("CPU ns")).isPositive();
  }
}
