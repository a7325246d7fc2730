package javelin.perf.micro;

import javelin.devices.virtio.queue.DescriptorChain;
import javelin.devices.virtio.queue.Virtqueue;
import javelin.perf.model.DriverRing;
import javelin.perf.model.RingLayout;
import javelin.vmm.linux.Linux;
import javelin.vmm.memory.GuestMemory;
import javelin.vmm.memory.GuestRam;
import javelin.vmm.memory.RamConfig;
import org.openjdk.jmh.annotations.Benchmark;
import org.openjdk.jmh.annotations.OperationsPerInvocation;
import org.openjdk.jmh.annotations.Param;
import org.openjdk.jmh.annotations.Setup;
import org.openjdk.jmh.annotations.TearDown;

/**
 * A chain's way through a queue and back, its driver's few stores included: made available, taken,
 * its buffers checked, completed, published, seen by the driver.
 */
public class VirtqueueBenchmark extends MicroBenchmark {
  private static final int SIZE = 64;
  private static final int BATCH = 16;
  private static final long RING = 0x1000;
  private static final long BUFFER = 0x10000;

  /** The ring's layout. */
  @Param public RingLayout layout;

  /** Buffers in the chain; the last one is for the device to write. */
  @Param({"1", "4"})
  public int buffers;

  private final GuestMemory memory = new GuestMemory();
  private final DescriptorChain chain = new DescriptorChain(SIZE);
  private GuestRam ram;
  private DriverRing driver;
  private Virtqueue queue;

  /** Makes both sides of the ring. */
  @Setup
  public void start() {
    ram = GuestRam.create(Linux.system(), RamConfig.of(2 << 20), memory);
    long[] ranges = new long[2 * buffers];
    for (int i = 0; i < buffers; i++) {
      ranges[2 * i] = BUFFER + i * 0x1000L;
      ranges[2 * i + 1] = 0x1000;
    }
    driver = layout.ring(memory, RING, SIZE, buffers - 1, ranges);
    queue = driver.device();
  }

  /** Gives the RAM back. */
  @TearDown
  public void stop() {
    ram.close();
  }

  /** One chain, published alone. */
  @Benchmark
  public void popAndPush() {
    pass(1);
  }

  /** For each of 16 chains that are published together. */
  @Benchmark
  @OperationsPerInvocation(BATCH)
  public void popAndPushInBatches() {
    pass(BATCH);
  }

  private void pass(int count) {
    for (int i = 0; i < count; i++) {
      driver.offer();
    }
    for (int i = 0; i < count; i++) {
      if (!queue.next(chain)) {
        throw new IllegalStateException("a chain is missing: " + queue.problem());
      }
      queue.complete(chain.head(), chain.writable().bytes());
    }
    queue.publish();
    for (int i = 0; i < count; i++) {
      if (!driver.takeBack()) {
        throw new IllegalStateException("a chain does not come back");
      }
    }
  }
}
