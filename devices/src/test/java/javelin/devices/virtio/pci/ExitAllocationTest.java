package javelin.devices.virtio.pci;

import static org.assertj.core.api.Assertions.assertThat;

import com.sun.management.ThreadMXBean;
import java.lang.management.ManagementFactory;
import javelin.devices.virtio.bench.ModelDriver;
import org.junit.jupiter.api.Test;

/** Exits to a virtio function's registers allocate nothing. */
class ExitAllocationTest extends EchoTestBench {
  private static final int ROUNDS = 5_000;

  /** What the measurement itself may cost, far below one per access. */
  private static final long NOISE_BYTES = 4096;

  private static final int[] AREAS = {
    VirtioBar.COMMON, VirtioBar.ISR, VirtioBar.DEVICE, VirtioBar.NOTIFY, VirtioBar.MSIX_TABLE
  };

  @Test
  void shouldAllocateNothingWhenRegistersAreReadAndQueuesSelected() {
    driver.start(0, 8);
    access(); // Loads classes and compiles.
    ThreadMXBean threads = (ThreadMXBean) ManagementFactory.getThreadMXBean();
    long before = threads.getCurrentThreadAllocatedBytes();
    access();
    assertThat(threads.getCurrentThreadAllocatedBytes() - before).isLessThan(NOISE_BYTES);
  }

  private void access() {
    for (int i = 0; i < ROUNDS; i++) {
      int size = 1 << (i & 3);
      int offset = i % 64 & -size;
      for (int area : AREAS) {
        bench.mmio.read(ModelDriver.BAR + area + offset, size);
      }
      bench.mmio.write(ModelDriver.BAR + 0x16, 2, i & 1);
      bench.mmio.write(ModelDriver.BAR, 4, i & 1);
    }
  }
}
