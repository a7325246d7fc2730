package javelin.perf.micro;

import java.util.SplittableRandom;
import javelin.vmm.linux.Linux;
import javelin.vmm.memory.GuestMemory;
import javelin.vmm.memory.GuestRam;
import javelin.vmm.memory.RamConfig;
import org.agrona.concurrent.UnsafeBuffer;
import org.openjdk.jmh.annotations.Benchmark;
import org.openjdk.jmh.annotations.Param;
import org.openjdk.jmh.annotations.Setup;
import org.openjdk.jmh.annotations.TearDown;

/** Checked access to guest RAM by guest-physical address. */
public class GuestMemoryBenchmark extends MicroBenchmark {
  private static final int ACCESSES = 1024;
  private static final int PAGE = 4096;
  private static final int WINDOW = 64 * PAGE;
  private static final long MEBIBYTE = 1L << 20;
  private static final long SEED = 42;

  /** One region, or two: half of the accesses go above 4 GiB then. The host backs what is used. */
  @Param({"512", "5120"})
  public int mebibytes;

  private final GuestMemory memory = new GuestMemory();
  private final long[] addresses = new long[ACCESSES];
  private final byte[] page = new byte[PAGE];
  private final UnsafeBuffer view = new UnsafeBuffer(0, 0);
  private GuestRam ram;
  private int next;

  /** Maps the RAM, draws the addresses and touches them. */
  @Setup
  public void map() {
    ram = GuestRam.create(Linux.system(), RamConfig.of(mebibytes * MEBIBYTE), memory);
    SplittableRandom random = new SplittableRandom(SEED);
    for (int i = 0; i < ACCESSES; i++) {
      boolean isHigh = memory.regions().size() > 1 && (i & 1) != 0;
      addresses[i] =
          (isHigh ? GuestRam.HIGH_BASE : 0) + (long) random.nextInt(WINDOW / PAGE) * PAGE;
      memory.write(addresses[i], page);
    }
  }

  /** Gives the RAM back. */
  @TearDown
  public void unmap() {
    ram.close();
  }

  private long address() {
    next = (next + 1) & (ACCESSES - 1);
    return addresses[next];
  }

  /** 16 bits, as a ring's index. */
  @Benchmark
  public int readU16() {
    return memory.readU16(address());
  }

  /** 64 bits. */
  @Benchmark
  public long readU64() {
    return memory.readU64(address());
  }

  /** 64 bits. */
  @Benchmark
  public void writeU64() {
    memory.writeU64(address(), next);
  }

  /** The four fields of a split ring's 16-byte descriptor, through a view that stays. */
  @Benchmark
  public long readDescriptor() {
    memory.wrap(view, address(), 16);
    return view.getLong(0) + view.getInt(8) + view.getShort(12) + view.getShort(14);
  }

  /** A page, into the Java heap. */
  @Benchmark
  public byte[] copyPageOut() {
    memory.read(address(), page, 0, PAGE);
    return page;
  }
}
