package javelin.devices.virtio.queue;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.SplittableRandom;
import org.junit.jupiter.api.Test;

class PollWindowTest {
  private static final long MOST = 800;

  private long now;
  private final PollWindow window = new PollWindow(MOST, () -> now);

  /** Goes idle, and has something come after {@code gap}; returns the window before it. */
  private long idleFor(long gap) {
    long nanos = window.idle();
    now += gap;
    window.busy();
    return nanos;
  }

  @Test
  void shouldOpenAsRequestsComeSoonAndCloseAsTheyDoNot() {
    assertThat(idleFor(500)).isZero();
    assertThat(idleFor(500)).isEqualTo(100);
    assertThat(idleFor(500)).isEqualTo(200);
    assertThat(idleFor(500)).isEqualTo(400);
    assertThat(idleFor(500)).isEqualTo(800);
    assertThat(idleFor(5000)).as("the most, and long enough").isEqualTo(800);
    assertThat(idleFor(5000)).isEqualTo(400);
    assertThat(idleFor(150)).isEqualTo(200);
    assertThat(idleFor(5000)).as("long enough").isEqualTo(200);
    assertThat(idleFor(5000)).isEqualTo(100);
    assertThat(window.idle()).isZero();
  }

  @Test
  void shouldBeOverAfterItsTime() {
    idleFor(1);
    assertThat(window.idle()).isEqualTo(100);
    now += 99;
    assertThat(window.isOver()).isFalse();
    now++;
    assertThat(window.isOver()).isTrue();
  }

  @Test
  void shouldNeverBeLongerThanItsBound() {
    SplittableRandom random = new SplittableRandom(1);
    for (int i = 0; i < 10_000; i++) {
      assertThat(idleFor(random.nextLong(4 * MOST))).isBetween(0L, MOST);
    }
  }

  @Test
  void shouldStayClosedWhenThatIsWanted() {
    PollWindow none = new PollWindow(0, () -> now++);
    for (int i = 0; i < 100; i++) {
      assertThat(none.idle()).isZero();
      none.busy();
    }
    assertThat(now).as("nobody looks at the clock").isLessThan(2);
  }
}
