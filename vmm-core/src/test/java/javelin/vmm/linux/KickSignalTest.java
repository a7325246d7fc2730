package javelin.vmm.linux;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.util.concurrent.BlockingQueue;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.TimeUnit;
import org.agrona.concurrent.UnsafeBuffer;
import org.junit.jupiter.api.Test;

class KickSignalTest {
  /** epoll_wait is never restarted, whatever SA_RESTART says (signal(7)); so is KVM_RUN. */
  @Test
  void shouldInterruptABlockedCallOfAnotherThread() throws Exception {
    NoLeaks.noLeaks(
        () -> {
          Linux linux = Linux.system();
          Syscalls calls = linux.syscalls();
          KickSignal kick = new KickSignal(linux);
          BlockingQueue<Integer> published = new LinkedBlockingQueue<>();
          try (Fd epoll = linux.own(calls.epollCreate(Linux.O_CLOEXEC), "epoll_create1", "")) {
            Thread blocked =
                new Thread(
                    () -> {
                      UnsafeBuffer events = NativeMemory.allocate(12);
                      published.add(kick.currentThread());
                      published.add(
                          calls.epollWait(epoll.number(), events.addressOffset(), 1, 20_000));
                    });
            blocked.start();
            int tid = published.take();
            Integer result = null;
            while (result == null) { // A signal that comes before the call interrupts nothing.
              kick.send(tid);
              result = published.poll(20, TimeUnit.MILLISECONDS);
            }
            assertThat(result).matches(Errno.EINTR::is);
            blocked.join();
            kick.send(tid); // The thread is gone, which is no error.
          }
        });
  }

  @Test
  void shouldSayWhichCallFailed() {
    try (FakeSyscalls fake = new FakeSyscalls()) {
      fake.fail("ignoreByHandler", 1, Errno.EINVAL).fail("tgkill", 1, Errno.EPERM);
      Linux linux = new Linux(fake);
      assertThatThrownBy(() -> new KickSignal(linux))
          .hasMessage("sigaction signal 35: EINVAL (invalid argument)");
      KickSignal kick = new KickSignal(linux);
      assertThatThrownBy(() -> kick.send(77))
          .hasMessage("tgkill thread 77: EPERM (operation not permitted)");
    }
  }
}
