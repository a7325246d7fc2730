package javelin.vmm.linux;

import static javelin.vmm.linux.NoLeaks.noLeaks;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

@Timeout(30)
class ReadinessTest {
  private final Linux linux = Linux.system();

  @Test
  void shouldWaitUntilThereIsSomethingOrTheTimeIsOver() throws Exception {
    noLeaks(
        () -> {
          try (EventFd event = linux.eventFd()) {
            Readiness readiness = new Readiness(event.fd());
            assertThat(readiness.await(false, 20)).isFalse();
            assertThat(readiness.await(true, 20_000)).isTrue();
            Thread other = new Thread(event::signal);
            other.start();
            assertThat(readiness.await(false, 20_000)).isTrue();
            other.join();
            assertThat(readiness.await(false, 0)).as("a look only").isTrue();
            event.drain();
            assertThat(readiness.await(false, 0)).as("a look only").isFalse();
          }
        });
  }

  @Test
  void shouldTellAtOnceThatThePeerIsGone() throws Exception {
    noLeaks(
        () -> {
          Fd[] pair = UnixSocket.pair(linux, "pair");
          try (Fd near = pair[0]) {
            Readiness readiness = new Readiness(near);
            assertThat(readiness.await(false, 20)).isFalse();
            pair[1].close();
            assertThat(readiness.await(false, 20_000)).isTrue();
          }
        });
  }

  @Test
  void shouldWaitOnWhereASignalInterrupts() {
    FakeSyscalls syscalls = new FakeSyscalls();
    try (EventFd event = new Linux(syscalls).eventFd()) {
      Readiness readiness = new Readiness(event.fd());
      syscalls.fail("poll", 1, Errno.EINTR);
      assertThat(readiness.await(false, 20_000)).isTrue();
      syscalls.failAlways("poll", Errno.ENOMEM);
      assertThatThrownBy(() -> readiness.await(false, 0)).hasMessageContaining("poll eventfd");
    }
  }
}
