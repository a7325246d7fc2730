package javelin.vmm.event;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.concurrent.BlockingQueue;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.TimeUnit;
import javelin.vmm.linux.Linux;
import javelin.vmm.linux.NoLeaks;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

@Timeout(30)
class TimerTest {
  private static final long MILLI = 1_000_000;

  private final BlockingQueue<String> fired = new LinkedBlockingQueue<>();

  private interface Body {
    void run(EventLoop loop) throws Exception;
  }

  private static void withLoop(Body body) throws Exception {
    NoLeaks.noLeaks(
        () -> {
          try (EventLoop loop = new EventLoop(Linux.system(), "timer-loop")) {
            body.run(loop);
          }
        });
  }

  private String next() throws InterruptedException {
    return fired.poll(10, TimeUnit.SECONDS);
  }

  @Test
  void shouldFireInOrderOfTimeAndNotBefore() throws Exception {
    withLoop(
        loop -> {
          try (Timer late = loop.timer(() -> fired.add("late"));
              Timer early = loop.timer(() -> fired.add("early"));
              Timer now = loop.timer(() -> fired.add("now"))) {
            long start = System.nanoTime();
            late.armAfter(60 * MILLI);
            early.armAfter(30 * MILLI);
            now.armAfter(-5);
            assertThat(next()).isEqualTo("now");
            assertThat(next()).isEqualTo("early");
            assertThat(System.nanoTime() - start).isGreaterThanOrEqualTo(30 * MILLI);
            assertThat(next()).isEqualTo("late");
            assertThat(System.nanoTime() - start).isGreaterThanOrEqualTo(60 * MILLI);
            assertThat(fired.poll(20, TimeUnit.MILLISECONDS)).as("fires once").isNull();
          }
        });
  }

  @Test
  void shouldFirePeriodicallyUntilCancelled() throws Exception {
    withLoop(
        loop -> {
          try (Timer timer = loop.timer(() -> fired.add("tick"))) {
            timer.armPeriodic(2 * MILLI);
            for (int i = 0; i < 5; i++) {
              assertThat(next()).isEqualTo("tick");
            }
            loop.execute(
                () -> {
                  timer.cancel();
                  fired.add("cancelled");
                });
            String last = next();
            while ("tick".equals(last)) {
              last = next();
            }
            assertThat(last).isEqualTo("cancelled");
            assertThat(fired.poll(20, TimeUnit.MILLISECONDS)).isNull();
          }
        });
  }

  @Test
  void shouldTakeTheLastOfTwoTimes() throws Exception {
    withLoop(
        loop -> {
          try (Timer timer = loop.timer(() -> fired.add("tick"))) {
            timer.armAfter(3_600_000 * MILLI);
            timer.armAfter(MILLI);
            assertThat(next()).isEqualTo("tick");
          }
        });
  }

  @Test
  void shouldCloseAndArmItselfFromItsHandler() throws Exception {
    withLoop(
        loop -> {
          Timer[] timer = new Timer[1];
          int[] times = {0};
          Runnable handler =
              () -> {
                fired.add("tick " + ++times[0]);
                if (times[0] == 3) {
                  timer[0].close();
                  timer[0].close();
                } else {
                  timer[0].armAfter(0);
                }
              };
          timer[0] = loop.timer(handler);
          timer[0].armAfter(0);
          assertThat(next()).isEqualTo("tick 1");
          assertThat(next()).isEqualTo("tick 2");
          assertThat(next()).isEqualTo("tick 3");
          assertThat(fired.poll(20, TimeUnit.MILLISECONDS)).isNull();
        });
  }
}
