package javelin.boot.machine;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;
import javelin.vmm.event.EventLoop;
import javelin.vmm.linux.FakeSyscalls;
import javelin.vmm.linux.Linux;
import org.agrona.concurrent.UnsafeBuffer;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;

/** A host that wants a device back gets it, whatever the guest does. */
class DeviceReleaseTest {
  private static final String FIRST = "0000:03:00.0";
  private static final String SECOND = "0000:04:00.0";

  private final FakeSyscalls syscalls = new FakeSyscalls();
  private final EventLoop loop = new EventLoop(new Linux(syscalls), "test devices");
  private final AtomicInteger pressed = new AtomicInteger();
  private final CountDownLatch stopped = new CountDownLatch(1);
  private final List<String> said = new ArrayList<>();
  private final List<Long> deadlines = new ArrayList<>();

  DeviceReleaseTest() {
    syscalls.answer(
        "timerfdSettime",
        arguments -> {
          // struct itimerspec: the interval, then seconds and nanoseconds of the first expiry.
          UnsafeBuffer time = new UnsafeBuffer((Long) arguments[2], 32);
          deadlines.add(TimeUnit.SECONDS.toNanos(time.getLong(16)) + time.getLong(24));
          return 0;
        });
  }

  @AfterEach
  void close() {
    loop.close();
    syscalls.requireNothingOpen();
  }

  private DeviceRelease release(boolean listens) {
    return new DeviceRelease(
        loop,
        () -> {
          pressed.incrementAndGet();
          return listens;
        },
        stopped::countDown,
        said::add);
  }

  private void expire() {
    String timer =
        syscalls.openFds().stream().filter(fd -> fd.endsWith("timerfd")).findFirst().orElseThrow();
    syscalls.expire(Integer.parseInt(timer.substring(0, timer.indexOf(' '))));
  }

  @Test
  void shouldPressThePowerButtonAndStopTheGuestWhenItIsNotDoneInTime() throws Exception {
    try (DeviceRelease release = release(true)) {
      release.wantedBack(FIRST);
      assertThat(pressed).hasValue(1);
      assertThat(deadlines).containsExactly(TimeUnit.SECONDS.toNanos(10));
      assertThat(said)
          .containsExactly("the host wants " + FIRST + " back: the guest is switched off");
      assertThat(stopped.await(50, TimeUnit.MILLISECONDS)).as("before the deadline").isFalse();
      expire();
      assertThat(stopped.await(10, TimeUnit.SECONDS)).isTrue();
    }
  }

  @Test
  void shouldStopAGuestAtOnceThatDoesNotListen() throws Exception {
    try (DeviceRelease release = release(false)) {
      release.wantedBack(FIRST);
      assertThat(deadlines).containsExactly(1L);
      expire();
      assertThat(stopped.await(10, TimeUnit.SECONDS)).isTrue();
    }
  }

  @Test
  void shouldGiveNoMoreTimeWhenASecondDeviceIsWanted() {
    try (DeviceRelease release = release(true)) {
      release.wantedBack(FIRST);
      release.wantedBack(SECOND);
      assertThat(pressed).hasValue(1);
      assertThat(deadlines).hasSize(1);
      assertThat(said).hasSize(2);
    }
  }
}
