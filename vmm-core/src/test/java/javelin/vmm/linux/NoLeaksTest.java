package javelin.vmm.linux;

import static org.assertj.core.api.Assertions.assertThatCode;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assumptions.assumeThat;

import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.stream.Stream;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;

class NoLeaksTest {
  private static final long SHORT = 100;

  private final List<AutoCloseable> leaked = new ArrayList<>();

  @AfterEach
  void close() throws Exception {
    for (AutoCloseable each : leaked) {
      each.close();
    }
  }

  @Test
  void shouldPassWhereAllIsClosed() {
    assertThatCode(
            () ->
                NoLeaks.noLeaks(
                    () -> {
                      Linux.system().eventFd().close();
                      Thread thread = new Thread(() -> {});
                      thread.start();
                    }))
        .doesNotThrowAnyException();
  }

  @Test
  void shouldNameALeakedDescriptor() {
    assertThatThrownBy(() -> NoLeaks.noLeaks(SHORT, () -> leaked.add(Linux.system().eventFd())))
        .hasMessageMatching("left behind: fd \\d+ anon_inode:\\[eventfd\\]");
  }

  @Test
  void shouldPassWhereTheJvmReadsItsControlGroup() {
    Path stat =
        Stream.of("/sys/fs/cgroup/memory.stat", "/sys/fs/cgroup/memory/memory.stat")
            .map(Path::of)
            .filter(Files::isReadable)
            .findFirst()
            .orElse(null);
    assumeThat(stat).as("a memory.stat of a control group").isNotNull();

    assertThatCode(() -> NoLeaks.noLeaks(SHORT, () -> leaked.add(Files.newInputStream(stat))))
        .doesNotThrowAnyException();
  }

  @Test
  void shouldNameALeakedMapping() {
    assertThatThrownBy(
            () ->
                NoLeaks.noLeaks(
                    SHORT,
                    () -> {
                      try (Fd fd = Linux.system().memfd("leak-test", 0)) {
                        Linux.system().setLength(fd, 4096);
                        leaked.add(
                            Linux.system().map(fd, 0, 4096, Linux.PROT_READ, Linux.MAP_SHARED));
                      }
                    }))
        .hasMessage("left behind: 1 mapping(s) of /memfd:leak-test (deleted)");
  }

  @Test
  void shouldNameALeakedThread() {
    Thread thread = new Thread(NoLeaksTest::sleep, "leaked-thread");
    thread.setDaemon(true);
    leaked.add(thread::interrupt);
    assertThatThrownBy(() -> NoLeaks.noLeaks(SHORT, thread::start))
        .hasMessage("left behind: thread leaked-thread");
  }

  private static void sleep() {
    try {
      Thread.sleep(60_000);
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
    }
  }
}
