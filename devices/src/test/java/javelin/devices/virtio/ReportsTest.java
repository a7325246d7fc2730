package javelin.devices.virtio;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicLong;
import org.junit.jupiter.api.Test;

class ReportsTest {
  private final AtomicLong clock = new AtomicLong(Long.MAX_VALUE - 5);
  private final List<String> lines = new ArrayList<>();
  private final Reports reports = new Reports("disk", lines::add, clock::get);

  @Test
  void shouldPassTenLinesAMinuteAndCountTheOthers() {
    for (int i = 0; i < 25; i++) {
      reports.accept("line " + i);
    }
    assertThat(lines).hasSize(10).last().isEqualTo("disk: line 9");
    clock.addAndGet(TimeUnit.SECONDS.toNanos(59));
    reports.accept("too early");
    assertThat(lines).hasSize(10);
    clock.addAndGet(TimeUnit.SECONDS.toNanos(1));
    reports.accept("again");
    assertThat(lines.subList(10, 12))
        .containsExactly("disk: and 16 more such problems", "disk: again");
  }
}
