package javelin.devices.virtio.queue;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.SplittableRandom;
import org.junit.jupiter.api.Test;

class PollWindowTest {
  private static final long MOST = 800;

  private long now;
  private final PollWindow window = new PollWindow(MOST, () -> now);

  /** Goes idle, and has something come after {@code gap}; returns the window for it. */
  private long idleFor(long gap) {
    long nanos = window.idle();
    now += gap;
    if (nanos > 0) {
      window.looked(gap < nanos);
    }
    if (gap >= nanos) {
      window.notified();
    }
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
  void shouldStayOpenWhileItIsOfUse() {
    idleFor(1);
    for (int i = 0; i < 10_000; i++) {
      assertThat(idleFor(i % 5 == 0 ? 900 : 10)).isPositive();
      idleFor(700); // Grows again.
      idleFor(10);
      idleFor(10);
      idleFor(10);
      idleFor(10);
    }
  }

  /** As where looking out keeps those from the CPU who are to make the next request. */
  @Test
  void shouldBeClosedForLongerEachTimeItIsOfNoUse() {
    long looked = 0;
    int first = 0;
    int last = 0;
    for (int i = 0; i < 100_000; i++) {
      boolean hasLooked = idleFor(window.idle() + 20) > 0;
      looked += hasLooked ? 1 : 0;
      first += hasLooked && i < 1000 ? 1 : 0;
      last += hasLooked && i >= 99_000 ? 1 : 0;
    }
    assertThat(first).isGreaterThan(32);
    assertThat(looked).as("of 100000").isLessThan(600);
    assertThat(last).isLessThanOrEqualTo(32);
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
      none.notified();
    }
    assertThat(now).as("nobody looks at the clock").isLessThan(2);
  }
}
