package javelin.perf.micro;

import java.util.concurrent.TimeUnit;
import javelin.vmm.linux.Linux;
import javelin.vmm.linux.Syscalls;
import org.openjdk.jmh.annotations.Benchmark;
import org.openjdk.jmh.annotations.BenchmarkMode;
import org.openjdk.jmh.annotations.Fork;
import org.openjdk.jmh.annotations.Measurement;
import org.openjdk.jmh.annotations.Mode;
import org.openjdk.jmh.annotations.OutputTimeUnit;
import org.openjdk.jmh.annotations.Scope;
import org.openjdk.jmh.annotations.State;
import org.openjdk.jmh.annotations.Warmup;

/**
 * What it costs to leave Java: each way of the native seam, with the least that can be behind it.
 */
@State(Scope.Benchmark)
@BenchmarkMode(Mode.AverageTime)
@OutputTimeUnit(TimeUnit.NANOSECONDS)
@Warmup(iterations = 3, time = 1)
@Measurement(iterations = 5, time = 1)
@Fork(1)
public class NativeCallBenchmark {
  private static final int NO_DESCRIPTOR = -1;

  private final Syscalls syscalls = Linux.system().syscalls();

  /** Data plane: a system call that only reads a number. */
  @Benchmark
  public int dataPlaneGetpid() {
    return syscalls.getpid();
  }

  /** Data plane: an ioctl that the kernel refuses at its door (EBADF), and its errno. */
  @Benchmark
  public int dataPlaneRefusedIoctl() {
    return syscalls.ioctl(NO_DESCRIPTOR, 0, 0);
  }

  /** Control plane: a function of the C library that enters no kernel. */
  @Benchmark
  public int controlPlaneLibraryCall() {
    return syscalls.firstRealtimeSignal();
  }
}
