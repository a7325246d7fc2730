package javelin.vmm.linux;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.junit.jupiter.api.Assertions.assertTimeoutPreemptively;

import java.lang.management.ManagementFactory;
import java.time.Duration;
import org.junit.jupiter.api.Test;

class EventFdTest {
  @Test
  void shouldCountSignalsUntilDrained() throws Exception {
    NoLeaks.noLeaks(
        () -> {
          try (EventFd event = Linux.system().eventFd()) {
            assertThat(event.drain()).isZero();
            event.signal();
            event.signal();
            assertThat(event.drain()).isEqualTo(2);
            assertThat(event.drain()).isZero();
          }
        });
  }

  @Test
  void shouldLoseNoSignalOfManyThreads() throws Exception {
    NoLeaks.noLeaks(
        () -> {
          try (EventFd event = Linux.system().eventFd()) {
            Thread[] threads = new Thread[4];
            for (int i = 0; i < threads.length; i++) {
              threads[i] =
                  new Thread(
                      () -> {
                        for (int j = 0; j < 1000; j++) {
                          event.signal();
                        }
                      });
              threads[i].start();
            }
            long sum = 0;
            for (Thread thread : threads) {
              sum += event.drain();
              thread.join();
            }
            assertThat(sum + event.drain()).isEqualTo(4000);
          }
        });
  }

  @Test
  void shouldTakeAFullCounterAsSignalled() {
    try (FakeSyscalls fake = new FakeSyscalls();
        EventFd event = new Linux(fake).eventFd()) {
      fake.fail("write", 1, Errno.EAGAIN).fail("write", 2, Errno.EIO).fail("read", 1, Errno.EIO);
      event.signal();
      assertThatThrownBy(event::signal).hasMessage("write eventfd: EIO (input/output error)");
      assertThatThrownBy(event::drain).hasMessage("read eventfd: EIO (input/output error)");
    }
  }

  @Test
  void shouldFailWhenUsedAfterClose() {
    EventFd event = Linux.system().eventFd();
    event.close();
    event.close();
    assertThatThrownBy(event::signal).hasMessageContaining("EBADF");
  }

  @Test
  void shouldAllocateNothing() {
    var threads = (com.sun.management.ThreadMXBean) ManagementFactory.getThreadMXBean();
    try (EventFd event = Linux.system().eventFd()) {
      for (int i = 0; i < 1000; i++) {
        event.signal();
        event.drain();
      }
      long before = threads.getCurrentThreadAllocatedBytes();
      for (int i = 0; i < 10_000; i++) {
        event.signal();
        event.drain();
      }
      assertThat(threads.getCurrentThreadAllocatedBytes() - before).isLessThan(1000);
    }
  }

  /** O_NONBLOCK is of the open file, which all who have the descriptor share. */
  @Test
  void shouldNotBlockWhenAnotherProcessHasMadeItBlock() throws Exception {
    NoLeaks.noLeaks(
        () -> {
          Linux linux = Linux.system();
          try (EventFd event = linux.eventFd()) {
            event.givenAway();
            linux.syscalls().fcntl(event.fd().number(), 4, 0);
            assertTimeoutPreemptively(
                Duration.ofSeconds(10), () -> assertThat(event.drain()).isZero());
            event.signal();
            event.signal();
            assertThat(event.drain()).isEqualTo(2);
          }
        });
  }
}
