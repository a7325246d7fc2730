package javelin.perf.micro;

import javelin.perf.model.DrivenQueue;
import javelin.perf.model.RingLayout;
import org.openjdk.jmh.annotations.Benchmark;
import org.openjdk.jmh.annotations.Param;
import org.openjdk.jmh.annotations.Setup;
import org.openjdk.jmh.annotations.TearDown;

/** What a block device's queue takes for a request besides the disk's own time. */
public class BlkBenchmark extends MicroBenchmark {
  /** The ring's layout. */
  @Param public RingLayout layout;

  private DrivenQueue queue;

  /** Makes the device and its driver. */
  @Setup
  public void start() {
    queue = DrivenQueue.disk(layout);
  }

  /** Takes them down. */
  @TearDown
  public void stop() {
    queue.close();
  }

  /** One read of 4 KiB, alone. */
  @Benchmark
  public void read() {
    queue.request();
  }
}
