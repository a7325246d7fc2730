package javelin.perf.micro;

import com.sun.jna.Native;
import javelin.vmm.linux.Linux;
import javelin.vmm.linux.Syscalls;
import jnr.ffi.LastError;
import jnr.ffi.LibraryLoader;
import jnr.ffi.Runtime;
import org.openjdk.jmh.annotations.Benchmark;

/**
 * What it costs to leave Java, with the least that can be behind a call: by the native seam, whose
 * system calls are bound by jffi, the layer below jnr-ffi, and by what the seam could be made of
 * instead, jnr-ffi and JNA's direct mapping over the C library.
 */
public class NativeCallBenchmark extends MicroBenchmark {
  private static final int NO_DESCRIPTOR = -1;
  private static final LibC JNR = LibraryLoader.create(LibC.class).load("c");
  private static final Runtime RUNTIME = Runtime.getRuntime(JNR);

  private final Syscalls syscalls = Linux.system().syscalls();

  /** The calls as jnr-ffi binds them; it makes a class of it at run time. */
  public interface LibC {
    /** getpid(2). */
    int getpid();

    /** ioctl(2). */
    int ioctl(int fd, long request, long argument);
  }

  /** The calls as JNA binds them directly. */
  private static final class Jna {
    static {
      Native.register(Jna.class, "c");
    }

    private Jna() {}

    static native int getpid();

    static native int ioctl(int fd, long request, long argument);
  }

  /** The seam: a system call that only reads a number. */
  @Benchmark
  public int seamGetpid() {
    return syscalls.getpid();
  }

  /** jnr-ffi: the same. */
  @Benchmark
  public int jnrGetpid() {
    return JNR.getpid();
  }

  /** JNA: the same. */
  @Benchmark
  public int jnaGetpid() {
    return Jna.getpid();
  }

  /** The seam: an ioctl that the kernel refuses at its door (EBADF), and its errno. */
  @Benchmark
  public int seamRefusedIoctl() {
    return syscalls.ioctl(NO_DESCRIPTOR, 0, 0);
  }

  /** jnr-ffi: the same, with what is needed for the errno. */
  @Benchmark
  public int jnrRefusedIoctl() {
    return JNR.ioctl(NO_DESCRIPTOR, 0, 0) < 0 ? -LastError.getLastError(RUNTIME) : 0;
  }

  /** JNA: the same. */
  @Benchmark
  public int jnaRefusedIoctl() {
    return Jna.ioctl(NO_DESCRIPTOR, 0, 0) < 0 ? -Native.getLastError() : 0;
  }
}
