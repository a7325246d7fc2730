package javelin.vmm.machine;

import static org.assertj.core.api.Assertions.assertThat;

import com.sun.management.ThreadMXBean;
import java.lang.management.ManagementFactory;
import org.junit.jupiter.api.Test;

class ExitRingTest {
  private final ExitRing ring = new ExitRing();

  @Test
  void shouldTellExitsInOrder() {
    assertThat(ring.describe()).isEmpty();
    ring.port(0x3f8, 1, true);
    ring.port(0x60, 1, false);
    ring.mmio(0xfee0_00b0L, 4, true);
    ring.mmio(0xffff_ffff_0000L, 8, false);
    ring.other(8);
    assertThat(ring.describe())
        .containsExactly(
            "port 0x3f8 write of 1",
            "port 0x60 read of 1",
            "MMIO 0xfee000b0 write of 4",
            "MMIO 0xffffffff0000 read of 8",
            "KVM_EXIT_SHUTDOWN (8)");
  }

  @Test
  void shouldKeepTheLatestOnly() {
    for (int i = 0; i < 3 * ExitRing.CAPACITY + 5; i++) {
      ring.port(i, 2, false);
    }
    assertThat(ring.describe())
        .hasSize(ExitRing.CAPACITY)
        .startsWith(String.format("port 0x%x read of 2", 2 * ExitRing.CAPACITY + 5))
        .endsWith(String.format("port 0x%x read of 2", 3 * ExitRing.CAPACITY + 4));
  }

  @Test
  void shouldRecordWithoutAllocation() {
    ThreadMXBean threads = (ThreadMXBean) ManagementFactory.getThreadMXBean();
    record(1_000);
    long before = threads.getCurrentThreadAllocatedBytes();
    record(10_000);
    assertThat(threads.getCurrentThreadAllocatedBytes() - before).isLessThan(1_000);
  }

  private void record(int times) {
    for (int i = 0; i < times; i++) {
      ring.port(i & 0xffff, 4, true);
      ring.mmio(i, 8, false);
      ring.other(i & 31);
    }
  }
}
