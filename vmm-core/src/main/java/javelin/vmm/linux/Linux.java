package javelin.vmm.linux;

import static org.agrona.BitUtil.SIZE_OF_LONG;

import java.util.concurrent.TimeUnit;
import org.agrona.concurrent.UnsafeBuffer;

/**
 * The control plane: system calls that return what they made, or throw an {@link ErrnoException}.
 * Every descriptor is opened with O_CLOEXEC.
 */
public final class Linux {
  /** uapi asm-generic/fcntl.h. */
  public static final int O_RDONLY = 0;

  public static final int O_WRONLY = 1;
  public static final int O_RDWR = 2;
  public static final int O_CREAT = 0x40;
  public static final int O_EXCL = 0x80;
  public static final int O_NOCTTY = 0x100;
  public static final int O_TRUNC = 0x200;
  public static final int O_APPEND = 0x400;
  public static final int O_NONBLOCK = 0x800;
  public static final int O_DIRECT = 0x4000;
  public static final int O_CLOEXEC = 0x8_0000;

  /** uapi asm-generic/fcntl.h, for flock(2). */
  public static final int LOCK_EX = 2;

  public static final int LOCK_NB = 4;
  public static final int LOCK_UN = 8;

  /** uapi linux/falloc.h. */
  public static final int FALLOC_FL_KEEP_SIZE = 0x01;

  public static final int FALLOC_FL_PUNCH_HOLE = 0x02;
  public static final int FALLOC_FL_ZERO_RANGE = 0x10;

  /** uapi linux/fcntl.h: seals of a memfd. */
  private static final int F_ADD_SEALS = 1033;

  private static final int F_GET_SEALS = 1034;
  private static final int F_SEAL_SEAL = 1;
  private static final int F_SEAL_SHRINK = 2;
  private static final int F_SEAL_GROW = 4;

  private static final int SEEK_END = 2;

  /** uapi asm-generic/mman-common.h. */
  public static final int PROT_READ = 1;

  public static final int PROT_WRITE = 2;
  public static final int MAP_SHARED = 1;
  public static final int MAP_PRIVATE = 2;
  public static final int MAP_ANONYMOUS = 0x20;
  public static final int MAP_POPULATE = 0x8000;
  public static final int MAP_NORESERVE = 0x4000;
  public static final int MADV_REMOVE = 9;
  public static final int MADV_HUGEPAGE = 14;
  public static final int MADV_NOHUGEPAGE = 15;
  public static final int MADV_DONTDUMP = 16;
  public static final int MADV_POPULATE_WRITE = 23;

  /** uapi linux/memfd.h. */
  /** Of clock_gettime(2). */
  private static final int CLOCK_PROCESS_CPUTIME_ID = 2;

  public static final int MFD_CLOEXEC = 1;

  public static final int MFD_ALLOW_SEALING = 2;
  public static final int MFD_HUGETLB = 4;
  private static final int MFD_HUGE_SHIFT = 26;

  /** uapi asm-generic/resource.h. */
  public static final int RLIMIT_NOFILE = 7;

  public static final int RLIMIT_MEMLOCK = 8;

  /** The value of a limit that is none. */
  public static final long RLIM_INFINITY = -1;

  /** uapi linux/sched.h. */
  private static final int CLONE_NEWNET = 0x4000_0000;

  private static final int EFD_CLOEXEC = O_CLOEXEC;
  private static final int EFD_NONBLOCK = O_NONBLOCK;

  private final Syscalls syscalls;

  /** Calls through {@code syscalls}, which tests fake. */
  public Linux(Syscalls syscalls) {
    this.syscalls = syscalls;
  }

  /** Calls into the C library. */
  public static Linux system() {
    return Holder.SYSTEM;
  }

  private static final class Holder {
    static final Linux SYSTEM = new Linux(NativeSyscalls.INSTANCE);
  }

  /** The raw calls, for the data plane. */
  public Syscalls syscalls() {
    return syscalls;
  }

  /**
   * Passes a result on, or throws.
   *
   * @param result what a {@link Syscalls} method returned
   */
  public static long check(long result, String call, String subject) {
    if (result < 0 && result >= -4095) {
      throw new ErrnoException(call, subject, (int) -result);
    }
    return result;
  }

  /** open(2) of an existing file. */
  public Fd open(String path, int flags) {
    return open(path, flags, 0);
  }

  /** open(2); {@code mode} counts with O_CREAT only. */
  public Fd open(String path, int flags, int mode) {
    return own(syscalls.open(path, flags | O_CLOEXEC, mode), "open", path);
  }

  /** Takes ownership of a descriptor that a call returned, or throws what the call failed with. */
  public Fd own(int result, String call, String subject) {
    return new Fd(this, (int) check(result, call, subject), subject);
  }

  /**
   * mmap(2) of {@code fd}, or of anonymous memory where it is null, at an address of the kernel's
   * choice.
   */
  public Mapping map(Fd fd, long offset, long length, int protection, int flags) {
    long address =
        syscalls.mmap(0, length, protection, flags, fd == null ? -1 : fd.number(), offset);
    String subject = (fd == null ? "anonymous" : fd.subject()) + ", " + length + " bytes";
    return new Mapping(this, check(address, "mmap", subject), length);
  }

  /**
   * memfd_create(2).
   *
   * @param hugePageShift log2 of the huge page size in bytes (21 for 2 MiB), or 0 for ordinary
   *     pages
   */
  public Fd memfd(String name, int hugePageShift) {
    return memfd(name, hugePageShift, 0);
  }

  private Fd memfd(String name, int hugePageShift, int more) {
    int flags = MFD_CLOEXEC | more;
    if (hugePageShift != 0) {
      flags |= MFD_HUGETLB | hugePageShift << MFD_HUGE_SHIFT;
    }
    return own(syscalls.memfdCreate(name, flags), "memfd_create", name);
  }

  /**
   * memfd_create(2) of memory to be shared with others: its length is {@code length} for good, so
   * an access to a mapping of it never fails because one of them has made it shorter.
   *
   * @param hugePageShift as above
   */
  public Fd sealedMemfd(String name, long length, int hugePageShift) {
    Fd fd = memfd(name, hugePageShift, MFD_ALLOW_SEALING);
    try {
      setLength(fd, length);
      int seals = F_SEAL_SEAL | F_SEAL_SHRINK | F_SEAL_GROW;
      check(syscalls.fcntl(fd.number(), F_ADD_SEALS, seals), "F_ADD_SEALS", name);
      return fd;
    } catch (RuntimeException e) {
      fd.close();
      throw e;
    }
  }

  /** Whether {@code fd} is of memory that never gets shorter (F_SEAL_SHRINK). */
  public boolean isSealed(Fd fd) {
    int seals = syscalls.fcntl(fd.number(), F_GET_SEALS, 0);
    return seals >= 0 && (seals & F_SEAL_SHRINK) != 0;
  }

  /** ftruncate(2). */
  public void setLength(Fd fd, long length) {
    check(syscalls.ftruncate(fd.number(), length), "ftruncate", fd.subject());
  }

  /** Bytes in the file or block device, by lseek(2); moves the file position. */
  public long length(Fd fd) {
    return check(syscalls.lseek(fd.number(), 0, SEEK_END), "lseek", fd.subject());
  }

  /**
   * flock(2), exclusive and without waiting. The lock ends with {@code fd}, and so with the process
   * however it ends.
   *
   * @return whether the lock is now this descriptor's; false where another has it
   */
  public boolean tryLock(Fd fd) {
    int result = syscalls.flock(fd.number(), LOCK_EX | LOCK_NB);
    return !Errno.EAGAIN.is(result) && check(result, "flock", fd.subject()) == 0;
  }

  /** A non-blocking eventfd with count 0. */
  public EventFd eventFd() {
    return new EventFd(own(syscalls.eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK), "eventfd", "eventfd"));
  }

  /** Takes ownership of an eventfd that came from elsewhere. */
  public EventFd eventFd(Fd fd) {
    return new EventFd(fd);
  }

  /**
   * Gives the calling thread a network of its own, without an interface that is up: sockets that it
   * makes from now on, and threads and processes that it starts, are in it. It ends with the last
   * of them. Needs CAP_SYS_ADMIN.
   */
  public void leaveNetwork() {
    check(syscalls.unshare(CLONE_NEWNET), "unshare", "network namespace");
  }

  /** The soft limit of {@code resource}; {@link #RLIM_INFINITY} for none. */
  public long softLimit(int resource) {
    return limits(resource).getLong(0);
  }

  /** The hard limit of {@code resource}; {@link #RLIM_INFINITY} for none. */
  public long hardLimit(int resource) {
    return limits(resource).getLong(SIZE_OF_LONG);
  }

  private UnsafeBuffer limits(int resource) {
    UnsafeBuffer limits = NativeMemory.allocate(2 * SIZE_OF_LONG);
    check(syscalls.getrlimit(resource, limits.addressOffset()), "getrlimit", "");
    return limits;
  }

  /** Raises the soft limit of {@code resource} to its hard limit. */
  public void raiseSoftLimit(int resource) {
    UnsafeBuffer limits = limits(resource);
    limits.putLong(0, limits.getLong(SIZE_OF_LONG));
    check(syscalls.setrlimit(resource, limits.addressOffset()), "setrlimit", "");
  }

  /**
   * CPU time of this process so far, in user space, in the kernel and in guests, in nanoseconds.
   */
  public long processCpuNanos() {
    UnsafeBuffer time = NativeMemory.allocate(2 * SIZE_OF_LONG);
    int result = syscalls.clockGettime(CLOCK_PROCESS_CPUTIME_ID, time.addressOffset());
    check(result, "clock_gettime", "CLOCK_PROCESS_CPUTIME_ID");
    return TimeUnit.SECONDS.toNanos(time.getLong(0)) + time.getLong(SIZE_OF_LONG);
  }
}
