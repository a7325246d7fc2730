package javelin.vmm.linux;

import static javelin.vmm.linux.KernelCalls.call;

import com.sun.jna.Native;
import java.lang.ref.Reference;
import java.nio.charset.StandardCharsets;
import org.agrona.concurrent.UnsafeBuffer;

/**
 * The kernel: {@link KernelCalls} for all that the exit and queue paths and the start of a guest
 * need, and JNA direct mapping of the C library for the rest, which costs ten times as much a call
 * and, at its first use, more than all else on the way to a guest's first instruction.
 */
public final class NativeSyscalls implements Syscalls {
  /** The one instance. */
  public static final NativeSyscalls INSTANCE = new NativeSyscalls();

  private static final int EINVAL = 22;
  private static final long SA_RESTORER = 0x0400_0000;
  private static final long SA_RESTART = 0x1000_0000;

  /** The kernel's {@code struct sigaction}: handler, flags, restorer, mask, a u64 each. */
  private static final int SIGACTION_LENGTH = 32;

  private static final int SA_HANDLER_OFFSET = 0;
  private static final int SA_FLAGS_OFFSET = 8;
  private static final int SA_RESTORER_OFFSET = 16;
  private static final int SIGNAL_SET_LENGTH = 8;

  /** The kernel has 32 here, but the C library keeps two for its threads. */
  private static final int FIRST_REALTIME_SIGNAL = 34;

  /** Calls of the C library. */
  private static final class Control {
    static {
      Native.register(Control.class, "c");
    }

    static native int unshare(int flags);

    static native int socket(int domain, int type, int protocol);

    static native int bind(int fd, long address, int length);

    static native int listen(int fd, int backlog);

    static native int accept4(int fd, long address, long length, int flags);

    static native int connect(int fd, long address, int length);

    static native int socketpair(int domain, int type, int protocol, long descriptors);

    static native int shutdown(int fd, int how);

    static native int setsockopt(int fd, int level, int name, long value, int length);

    static native int getrlimit(int resource, long limits);

    static native int setrlimit(int resource, long limits);

    private Control() {}
  }

  /** Binds the kernel's calls now: who has an instance can make them at once. */
  private NativeSyscalls() {
    call(KernelCalls.GETPID, 0, 0, 0);
  }

  private static int control(int result) {
    return result >= 0 ? result : -Native.getLastError();
  }

  /** A call whose first argument is the address of {@code text}, which the kernel copies. */
  private static int callWithText(int number, String text, long second, long third) {
    byte[] bytes = text.getBytes(StandardCharsets.UTF_8);
    UnsafeBuffer buffer = NativeMemory.allocate(bytes.length + 1);
    try {
      NativeMemory.put(buffer, 0, bytes, 0, bytes.length);
      return (int) call(number, buffer.addressOffset(), second, third);
    } finally {
      Reference.reachabilityFence(buffer);
    }
  }

  @Override
  public int open(String path, int flags, int mode) {
    return callWithText(KernelCalls.OPEN, path, flags, mode);
  }

  @Override
  public int close(int fd) {
    return (int) call(KernelCalls.CLOSE, fd, 0, 0);
  }

  @Override
  public int ioctl(int fd, long request, long argument) {
    return (int) call(KernelCalls.IOCTL, fd, request, argument);
  }

  @Override
  public long read(int fd, long address, long length) {
    return call(KernelCalls.READ, fd, address, length);
  }

  @Override
  public long write(int fd, long address, long length) {
    return call(KernelCalls.WRITE, fd, address, length);
  }

  @Override
  public long pread(int fd, long address, long length, long offset) {
    return call(KernelCalls.PREAD64, fd, address, length, offset, 0, 0);
  }

  @Override
  public long pwrite(int fd, long address, long length, long offset) {
    return call(KernelCalls.PWRITE64, fd, address, length, offset, 0, 0);
  }

  @Override
  public long readv(int fd, long iovecs, int count) {
    return call(KernelCalls.READV, fd, iovecs, count);
  }

  @Override
  public long writev(int fd, long iovecs, int count) {
    return call(KernelCalls.WRITEV, fd, iovecs, count);
  }

  @Override
  public long preadv(int fd, long iovecs, int count, long offset) {
    return call(KernelCalls.PREADV, fd, iovecs, count, offset, 0, 0);
  }

  @Override
  public long pwritev(int fd, long iovecs, int count, long offset) {
    return call(KernelCalls.PWRITEV, fd, iovecs, count, offset, 0, 0);
  }

  @Override
  public long preadv2(int fd, long iovecs, int count, long offset, int flags) {
    return call(KernelCalls.PREADV2, fd, iovecs, count, offset, 0, flags);
  }

  @Override
  public int fdatasync(int fd) {
    return (int) call(KernelCalls.FDATASYNC, fd, 0, 0);
  }

  @Override
  public int fallocate(int fd, int mode, long offset, long length) {
    return (int) call(KernelCalls.FALLOCATE, fd, mode, offset, length, 0, 0);
  }

  @Override
  public int ioUringSetup(int entries, long params) {
    return (int) call(KernelCalls.IO_URING_SETUP, entries, params, 0);
  }

  @Override
  public int ioUringEnter(int ring, int submit, int wait, int flags) {
    return (int) call(KernelCalls.IO_URING_ENTER, ring, submit, wait, flags, 0, 0);
  }

  @Override
  public int ioUringRegister(int ring, int operation, long argument, int count) {
    return (int) call(KernelCalls.IO_URING_REGISTER, ring, operation, argument, count, 0, 0);
  }

  @Override
  public long lseek(int fd, long offset, int whence) {
    return call(KernelCalls.LSEEK, fd, offset, whence);
  }

  @Override
  public int ftruncate(int fd, long length) {
    return (int) call(KernelCalls.FTRUNCATE, fd, length, 0);
  }

  @Override
  public int unlink(String path) {
    return callWithText(KernelCalls.UNLINK, path, 0, 0);
  }

  @Override
  public int flock(int fd, int operation) {
    return (int) call(KernelCalls.FLOCK, fd, operation, 0);
  }

  @Override
  public int fcntl(int fd, int command, long argument) {
    return (int) call(KernelCalls.FCNTL, fd, command, argument);
  }

  @Override
  public long mmap(long address, long length, int protection, int flags, int fd, long offset) {
    return call(KernelCalls.MMAP, address, length, protection, flags, fd, offset);
  }

  @Override
  public int munmap(long address, long length) {
    return (int) call(KernelCalls.MUNMAP, address, length, 0);
  }

  @Override
  public int madvise(long address, long length, int advice) {
    return (int) call(KernelCalls.MADVISE, address, length, advice);
  }

  @Override
  public int mlock(long address, long length) {
    return (int) call(KernelCalls.MLOCK, address, length, 0);
  }

  @Override
  public int memfdCreate(String name, int flags) {
    return callWithText(KernelCalls.MEMFD_CREATE, name, flags, 0);
  }

  @Override
  public int eventfd(int initial, int flags) {
    return (int) call(KernelCalls.EVENTFD2, initial, flags, 0);
  }

  @Override
  public int timerfdCreate(int clock, int flags) {
    return (int) call(KernelCalls.TIMERFD_CREATE, clock, flags, 0);
  }

  @Override
  public int timerfdSettime(int fd, int flags, long newValue) {
    return (int) call(KernelCalls.TIMERFD_SETTIME, fd, flags, newValue, 0, 0, 0);
  }

  @Override
  public int clockGettime(int clock, long time) {
    return (int) call(KernelCalls.CLOCK_GETTIME, clock, time, 0);
  }

  @Override
  public int epollCreate(int flags) {
    return (int) call(KernelCalls.EPOLL_CREATE1, flags, 0, 0);
  }

  @Override
  public int epollCtl(int epoll, int operation, int fd, long event) {
    return (int) call(KernelCalls.EPOLL_CTL, epoll, operation, fd, event, 0, 0);
  }

  @Override
  public int epollWait(int epoll, long events, int maximum, int timeoutMillis) {
    return (int) call(KernelCalls.EPOLL_WAIT, epoll, events, maximum, timeoutMillis, 0, 0);
  }

  @Override
  public int getpid() {
    return (int) call(KernelCalls.GETPID, 0, 0, 0);
  }

  @Override
  public int gettid() {
    return (int) call(KernelCalls.GETTID, 0, 0, 0);
  }

  @Override
  public int tgkill(int pid, int tid, int signal) {
    return (int) call(KernelCalls.TGKILL, pid, tid, signal);
  }

  @Override
  public int ignoreByHandler(int signal) {
    if (signal < firstRealtimeSignal()) {
      return -EINVAL;
    }
    UnsafeBuffer action = NativeMemory.allocate(SIGACTION_LENGTH);
    action.putLong(SA_HANDLER_OFFSET, KernelCalls.NO_HANDLER);
    action.putLong(SA_FLAGS_OFFSET, SA_RESTART | SA_RESTORER);
    action.putLong(SA_RESTORER_OFFSET, KernelCalls.RESTORER);
    try {
      long address = action.addressOffset();
      return (int) call(KernelCalls.RT_SIGACTION, signal, address, 0, SIGNAL_SET_LENGTH, 0, 0);
    } finally {
      Reference.reachabilityFence(action);
    }
  }

  @Override
  public int firstRealtimeSignal() {
    return FIRST_REALTIME_SIGNAL;
  }

  @Override
  public int unshare(int flags) {
    return control(Control.unshare(flags));
  }

  @Override
  public int socket(int domain, int type, int protocol) {
    return control(Control.socket(domain, type, protocol));
  }

  @Override
  public int bind(int fd, long address, int length) {
    return control(Control.bind(fd, address, length));
  }

  @Override
  public int listen(int fd, int backlog) {
    return control(Control.listen(fd, backlog));
  }

  @Override
  public int accept(int fd, int flags) {
    return control(Control.accept4(fd, 0, 0, flags));
  }

  @Override
  public int connect(int fd, long address, int length) {
    return control(Control.connect(fd, address, length));
  }

  @Override
  public int socketpair(int domain, int type, int protocol, long descriptors) {
    return control(Control.socketpair(domain, type, protocol, descriptors));
  }

  @Override
  public int shutdown(int fd, int how) {
    return control(Control.shutdown(fd, how));
  }

  @Override
  public long sendmsg(int fd, long message, int flags) {
    return call(KernelCalls.SENDMSG, fd, message, flags);
  }

  @Override
  public long recvmsg(int fd, long message, int flags) {
    return call(KernelCalls.RECVMSG, fd, message, flags);
  }

  @Override
  public int poll(long descriptors, long count, int timeoutMillis) {
    return (int) call(KernelCalls.POLL, descriptors, count, timeoutMillis);
  }

  @Override
  public int setsockopt(int fd, int level, int name, long value, int length) {
    return control(Control.setsockopt(fd, level, name, value, length));
  }

  @Override
  public long getrandom(long address, long length, int flags) {
    return call(KernelCalls.GETRANDOM, address, length, flags);
  }

  @Override
  public int getrlimit(int resource, long limits) {
    return control(Control.getrlimit(resource, limits));
  }

  @Override
  public int setrlimit(int resource, long limits) {
    return control(Control.setrlimit(resource, limits));
  }
}
