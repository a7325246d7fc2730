package javelin.perf.micro;

import javelin.vmm.linux.Linux;
import javelin.vmm.linux.Syscalls;
import org.openjdk.jmh.annotations.Benchmark;

/**
 * What it costs to leave Java: both ways of the native seam, jnr-ffi for the data plane and JNA's
 * direct mapping for the control plane, with the least that can be behind a call.
 */
public class NativeCallBenchmark extends MicroBenchmark {
  private static final int NO_DESCRIPTOR = -1;

  private final Syscalls syscalls = Linux.system().syscalls();

  /** jnr-ffi: a system call that only reads a number. */
  @Benchmark
  public int dataPlaneGetpid() {
    return syscalls.getpid();
  }

  /** jnr-ffi: an ioctl that the kernel refuses at its door (EBADF), and its errno. */
  @Benchmark
  public int dataPlaneRefusedIoctl() {
    return syscalls.ioctl(NO_DESCRIPTOR, 0, 0);
  }

  /** JNA: a function of the C library that enters no kernel. */
  @Benchmark
  public int controlPlaneLibraryCall() {
    return syscalls.firstRealtimeSignal();
  }

  /** JNA: an fcntl with the same end, the counterpart of the ioctl. */
  @Benchmark
  public int controlPlaneRefusedFcntl() {
    return syscalls.fcntl(NO_DESCRIPTOR, 0, 0);
  }
}
