package javelin.vmm.event;

import static javelin.vmm.linux.NoLeaks.noLeaks;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatCode;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.TimeUnit;
import javelin.vmm.linux.Errno;
import javelin.vmm.linux.EventFd;
import javelin.vmm.linux.FakeSyscalls;
import javelin.vmm.linux.Fd;
import javelin.vmm.linux.Linux;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

@Timeout(30)
class EventLoopTest {
  private final Linux linux = Linux.system();
  private final BlockingQueue<String> seen = new LinkedBlockingQueue<>();

  @TempDir Path folder;

  private String next() throws InterruptedException {
    return seen.poll(10, TimeUnit.SECONDS);
  }

  /** Waits until all that the loop was given before has run. */
  private static void settle(EventLoop loop) throws InterruptedException {
    CountDownLatch done = new CountDownLatch(1);
    loop.execute(done::countDown);
    assertThat(done.await(10, TimeUnit.SECONDS)).isTrue();
  }

  private interface Body {
    void run(EventLoop loop) throws Exception;
  }

  private void withLoop(Body test) throws Exception {
    noLeaks(
        () -> {
          try (EventLoop loop = new EventLoop(linux, "test-loop")) {
            test.run(loop);
          }
        });
  }

  @Test
  void shouldRunWhatIsForTheNextTurnBehindAllThatIsReadyAndBeforeItWaits() throws Exception {
    withLoop(
        loop -> {
          try (EventFd ready = linux.eventFd();
              EventLoop.Watch watch =
                  loop.watch(
                      ready.fd(),
                      EventLoop.READABLE,
                      events -> {
                        ready.drain();
                        seen.add("ready");
                      })) {
            loop.execute(
                () -> {
                  loop.afterNextTurn(
                      () -> {
                        seen.add("next turn");
                        loop.afterNextTurn(() -> seen.add("the turn behind it"));
                      });
                  ready.signal();
                });
            assertThat(next()).isEqualTo("ready");
            assertThat(next()).isEqualTo("next turn");
            assertThat(next()).isEqualTo("the turn behind it");
            assertThat(watch).isNotNull();
          }
        });
  }

  @Test
  void shouldRunTasksInOrderOnItsThread() throws Exception {
    withLoop(
        loop -> {
          for (int i = 0; i < 100; i++) {
            String name = i + " " + loop.isLoopThread();
            loop.execute(() -> seen.add(name + " " + loop.isLoopThread()));
          }
          for (int i = 0; i < 100; i++) {
            assertThat(next()).isEqualTo(i + " false true");
          }
        });
  }

  @Test
  void shouldCallTheHandlerForEachSignal() throws Exception {
    withLoop(
        loop -> {
          try (EventFd event = linux.eventFd()) {
            EventLoop.Watch watch =
                loop.watch(
                    event.fd(),
                    EventLoop.READABLE,
                    events -> seen.add(events + " " + event.drain()));
            event.signal();
            assertThat(next()).isEqualTo("1 1");
            event.signal();
            assertThat(next()).isEqualTo("1 1");
            watch.close();
            watch.close();
            event.signal();
            settle(loop);
            assertThat(seen).isEmpty();
          }
        });
  }

  @Test
  void shouldStopCallingAHandlerThatThrowsAndGoOn() throws Exception {
    withLoop(
        loop -> {
          try (EventFd bad = linux.eventFd();
              EventFd good = linux.eventFd()) {
            loop.watch(
                bad.fd(),
                EventLoop.READABLE,
                events -> {
                  seen.add("bad");
                  throw new IllegalStateException("expected by the test");
                });
            EventLoop.Watch watch =
                loop.watch(
                    good.fd(),
                    EventLoop.READABLE,
                    events -> {
                      good.drain();
                      seen.add("good");
                    });
            bad.signal(); // Never drained: level-triggered, it would come again and again.
            assertThat(next()).isEqualTo("bad");
            loop.execute(
                () -> {
                  throw new IllegalStateException("expected by the test");
                });
            loop.execute(
                () -> {
                  throw new AssertionError("expected by the test");
                });
            good.signal();
            assertThat(next()).isEqualTo("good");
            settle(loop);
            assertThat(seen).isEmpty();
            watch.close();
          }
        });
  }

  @Test
  void shouldNotCallAHandlerThatAnEarlierOneOfTheBatchClosed() throws Exception {
    withLoop(
        loop -> {
          List<EventLoop.Watch> watches = new ArrayList<>();
          try (EventFd first = linux.eventFd();
              EventFd second = linux.eventFd();
              EventFd third = linux.eventFd()) {
            // Both are ready before the loop looks: whichever comes first closes the other and
            // opens a watch that takes its place, which must not get its event.
            CountDownLatch ready = new CountDownLatch(1);
            loop.execute(
                () -> {
                  try {
                    ready.await();
                  } catch (InterruptedException e) {
                    Thread.currentThread().interrupt();
                  }
                });
            for (int i = 0; i < 2; i++) {
              EventFd mine = i == 0 ? first : second;
              int other = 1 - i;
              watches.add(
                  loop.watch(
                      mine.fd(),
                      EventLoop.READABLE,
                      events -> {
                        mine.drain();
                        watches.get(other).close();
                        watches.add(
                            loop.watch(third.fd(), EventLoop.READABLE, e -> seen.add("wrong")));
                        seen.add("one");
                      }));
            }
            first.signal();
            second.signal();
            ready.countDown();
            assertThat(next()).isEqualTo("one");
            settle(loop);
            settle(loop);
            assertThat(seen).isEmpty();
            watches.forEach(EventLoop.Watch::close);
          }
        });
  }

  @Test
  void shouldChangeWhatItWaitsFor() throws Exception {
    withLoop(
        loop -> {
          try (EventFd event = linux.eventFd()) {
            EventLoop.Watch[] watch = new EventLoop.Watch[1];
            watch[0] =
                loop.watch(
                    event.fd(),
                    0,
                    events -> {
                      seen.add("events " + events);
                      watch[0].events(0);
                    });
            settle(loop);
            assertThat(seen).isEmpty();
            watch[0].events(EventLoop.WRITABLE);
            assertThat(next()).isEqualTo("events 4");
            watch[0].close();
            watch[0].events(EventLoop.WRITABLE);
            settle(loop);
            assertThat(seen).isEmpty();
          }
        });
  }

  @Test
  void shouldRefuseARegularFile() throws Exception {
    withLoop(
        loop -> {
          String path = folder.resolve("file").toString();
          try (Fd file = linux.open(path, Linux.O_RDWR | Linux.O_CREAT, 0x180)) {
            assertThatThrownBy(() -> loop.watch(file, EventLoop.READABLE, events -> {}))
                .hasMessage("epoll_ctl " + path + ": EPERM (operation not permitted)");
          }
          try (EventFd event = linux.eventFd()) {
            loop.watch(event.fd(), EventLoop.READABLE, events -> seen.add("" + event.drain()));
            event.signal();
            assertThat(next()).isEqualTo("1");
          }
        });
  }

  @Test
  void shouldCloseFromAHandler() throws Exception {
    noLeaks(
        () -> {
          EventLoop loop = new EventLoop(linux, "self-closing");
          loop.execute(
              () -> {
                loop.close();
                seen.add("closed");
              });
          assertThat(next()).isEqualTo("closed");
          loop.close();
        });
  }

  @Test
  void shouldStayHarmlessAfterClose() throws Exception {
    noLeaks(
        () -> {
          EventLoop loop = new EventLoop(linux, "closed");
          try (EventFd event = linux.eventFd();
              Timer timer = loop.timer(() -> seen.add("timer"))) {
            EventLoop.Watch watch = loop.watch(event.fd(), EventLoop.READABLE, events -> {});
            timer.armPeriodic(1_000_000);
            assertThat(next()).isEqualTo("timer");
            loop.close();
            loop.close();
            assertThatCode(() -> loop.execute(() -> seen.add("task"))).doesNotThrowAnyException();
            assertThatCode(watch::close).doesNotThrowAnyException();
          }
          assertThat(seen).doesNotContain("task");
        });
  }

  @Test
  void shouldForgetADescriptorThatWasClosedFirst() throws Exception {
    withLoop(
        loop -> {
          EventFd event = linux.eventFd();
          EventLoop.Watch watch = loop.watch(event.fd(), EventLoop.READABLE, events -> {});
          event.close();
          assertThatCode(watch::close).doesNotThrowAnyException();
        });
  }

  @Test
  void shouldLeaveNothingOpenWhenItCannotStart() {
    try (FakeSyscalls fake = new FakeSyscalls()) {
      fake.fail("eventfd", 1, Errno.EMFILE);
      assertThatThrownBy(() -> new EventLoop(new Linux(fake), "x")).hasMessageContaining("EMFILE");
      fake.fail("epollCtl", 1, Errno.ENOSPC);
      assertThatThrownBy(() -> new EventLoop(new Linux(fake), "x")).hasMessageContaining("ENOSPC");
      fake.requireNothingOpen();
    }
  }

  @Test
  void shouldLeaveNothingOpenWhenATimerCannotBeWatched() {
    try (FakeSyscalls fake = new FakeSyscalls()) {
      try (EventLoop loop = new EventLoop(new Linux(fake), "faked")) {
        fake.fail("epollCtl", 1, Errno.ENOSPC);
        assertThatThrownBy(() -> loop.timer(() -> {})).hasMessageContaining("ENOSPC");
      }
      fake.requireNothingOpen();
    }
  }
}
