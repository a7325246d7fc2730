package javelin.vmm.event;

import static javelin.vmm.linux.NoLeaks.noLeaks;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.nio.file.Files;
import java.nio.file.Path;
import javelin.vmm.linux.EventFd;
import javelin.vmm.linux.Fd;
import javelin.vmm.linux.Linux;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

@Timeout(30)
class ReadinessTest {
  @TempDir Path folder;
  private final Linux linux = Linux.system();

  @Test
  void shouldWaitUntilThereIsSomethingOrTheTimeIsOver() throws Exception {
    noLeaks(
        () -> {
          try (EventFd event = linux.eventFd();
              Readiness readiness = new Readiness(event.fd())) {
            assertThat(readiness.await(EventLoop.READABLE, 20)).isFalse();
            assertThat(readiness.await(EventLoop.WRITABLE, 20_000)).isTrue();
            Thread other = new Thread(event::signal);
            other.start();
            assertThat(readiness.await(EventLoop.READABLE, 20_000)).isTrue();
            other.join();
            assertThat(readiness.await(EventLoop.READABLE, 0)).as("no time at all").isFalse();
          }
        });
  }

  @Test
  void shouldLeaveNothingBehindWhenTheDescriptorCannotBeWaitedFor() throws Exception {
    Path file = Files.createFile(folder.resolve("file"));
    noLeaks(
        () -> {
          try (Fd fd = linux.open(file.toString(), Linux.O_RDONLY)) {
            assertThatThrownBy(() -> new Readiness(fd)).hasMessageContaining("epoll_ctl");
          }
        });
  }
}
