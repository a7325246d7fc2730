package javelin.perf.micro;

import java.util.SplittableRandom;
import javelin.vmm.bus.IoHandler;
import javelin.vmm.bus.IoSpace;
import org.openjdk.jmh.annotations.Benchmark;
import org.openjdk.jmh.annotations.Param;
import org.openjdk.jmh.annotations.Setup;

/** From an address to its handler, and into it, as on each exit. */
public class IoSpaceBenchmark extends MicroBenchmark {
  private static final int ACCESSES = 1024;
  private static final long STRIDE = 0x1000;
  private static final long SEED = 42;

  /** Ranges in the space: a small machine, a PC, a PC with many functions. */
  @Param({"1", "16", "256"})
  public int ranges;

  private final long[] addresses = new long[ACCESSES];
  private IoSpace space;
  private int next;

  /** A register, the same for every range: what is measured is the way to it. */
  private static final class Register implements IoHandler {
    private long value;

    @Override
    public long read(long offset, int size) {
      return value + offset;
    }

    @Override
    public void write(long offset, int size, long newValue) {
      value = newValue;
    }
  }

  /** Registers the ranges and draws the addresses. */
  @Setup
  public void fill() {
    space = IoSpace.mmio();
    for (int i = 0; i < ranges; i++) {
      space.register("range " + i, i * STRIDE, STRIDE / 2, new Register());
    }
    SplittableRandom random = new SplittableRandom(SEED);
    for (int i = 0; i < ACCESSES; i++) {
      addresses[i] = random.nextInt(ranges) * STRIDE + random.nextInt((int) (STRIDE / 8)) * 4L;
    }
  }

  private long address() {
    next = (next + 1) & (ACCESSES - 1);
    return addresses[next];
  }

  /** A read that a range answers. */
  @Benchmark
  public long read() {
    return space.read(address(), Integer.BYTES);
  }

  /** A write that a range takes. */
  @Benchmark
  public void write() {
    space.write(address(), Integer.BYTES, next);
  }

  /** A read that no range answers. */
  @Benchmark
  public long readUnclaimed() {
    return space.read(address() + STRIDE / 2, Integer.BYTES);
  }
}
