package javelin.vmm.linux;

import com.sun.jna.Native;
import com.sun.jna.NativeLibrary;
import com.sun.jna.Pointer;
import jnr.ffi.LibraryLoader;
import jnr.ffi.Runtime;
import org.agrona.concurrent.UnsafeBuffer;

/**
 * The C library: JNA direct mapping for set-up calls, jnr-ffi for the calls of the exit and queue
 * paths, where it costs a tenth and allocates nothing.
 *
 * <p>errno is read right after a failing call; both libraries save it inside their stubs, before
 * the JVM can disturb it.
 */
public final class NativeSyscalls implements Syscalls {
  /** The one instance; binding both libraries takes about 0.2 s, on first use. */
  public static final NativeSyscalls INSTANCE = new NativeSyscalls();

  private static final int EINVAL = 22;
  private static final int SA_RESTART = 0x1000_0000;
  private static final int SIGACTION_LENGTH = 152;
  private static final int SA_HANDLER_OFFSET = 0;
  private static final int SA_FLAGS_OFFSET = 136;

  /** Calls that the C library has no function for (asm/unistd_64.h). */
  private static final long IO_URING_SETUP = 425;

  private static final long IO_URING_ENTER = 426;
  private static final long IO_URING_REGISTER = 427;

  /** Set-up calls. */
  private static final class Control {
    static {
      Native.register(Control.class, "c");
    }

    static native int open(String path, int flags, int mode);

    static native int close(int fd);

    static native long syscall(
        long number, long first, long second, long third, long fourth, long fifth, long sixth);

    static native long lseek(int fd, long offset, int whence);

    static native int ftruncate(int fd, long length);

    static native int unlink(String path);

    static native int flock(int fd, int operation);

    static native int fcntl(int fd, int command, long argument);

    static native long mmap(long address, long length, int prot, int flags, int fd, long offset);

    static native int munmap(long address, long length);

    static native int mlock(long address, long length);

    static native int memfd_create(String name, int flags);

    static native int eventfd(int initial, int flags);

    static native int timerfd_create(int clock, int flags);

    static native int epoll_create1(int flags);

    static native int sigaction(int signal, long action, long old);

    static native int __libc_current_sigrtmin();

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

  /**
   * Hot calls. No method may have exactly six integer arguments: the stub that jnr-ffi 2.3.4
   * assembles for them passes a wrong sixth one.
   */
  @SuppressWarnings("checkstyle:MethodName")
  public interface Data {
    int ioctl(int fd, long request, long argument);

    long read(int fd, long address, long length);

    long write(int fd, long address, long length);

    long pread(int fd, long address, long length, long offset);

    long pwrite(int fd, long address, long length, long offset);

    long readv(int fd, long iovecs, int count);

    long writev(int fd, long iovecs, int count);

    long preadv(int fd, long iovecs, int count, long offset);

    long pwritev(int fd, long iovecs, int count, long offset);

    long preadv2(int fd, long iovecs, int count, long offset, int flags);

    int fdatasync(int fd);

    int fallocate(int fd, int mode, long offset, long length);

    int madvise(long address, long length, int advice);

    long getrandom(long address, long length, int flags);

    /** syscall(2) of a call with four arguments. */
    long syscall(long number, long first, long second, long third, long fourth);

    long sendmsg(int fd, long message, int flags);

    long recvmsg(int fd, long message, int flags);

    int poll(long descriptors, long count, int timeoutMillis);

    int timerfd_settime(int fd, int flags, long newValue, long oldValue);

    int epoll_ctl(int epoll, int operation, int fd, long event);

    int epoll_wait(int epoll, long events, int maximum, int timeoutMillis);

    int getpid();

    int gettid();

    int tgkill(int pid, int tid, int signal);
  }

  private final Data data;
  private final Runtime runtime;

  private NativeSyscalls() {
    data = LibraryLoader.create(Data.class).load("c");
    runtime = Runtime.getRuntime(data);
  }

  private static int control(int result) {
    return result >= 0 ? result : -Native.getLastError();
  }

  private int data(int result) {
    return result >= 0 ? result : -runtime.getLastError();
  }

  private long data(long result) {
    return result >= 0 ? result : -runtime.getLastError();
  }

  @Override
  public int open(String path, int flags, int mode) {
    return control(Control.open(path, flags, mode));
  }

  @Override
  public int close(int fd) {
    return control(Control.close(fd));
  }

  @Override
  public int ioctl(int fd, long request, long argument) {
    return data(data.ioctl(fd, request, argument));
  }

  @Override
  public long read(int fd, long address, long length) {
    return data(data.read(fd, address, length));
  }

  @Override
  public long write(int fd, long address, long length) {
    return data(data.write(fd, address, length));
  }

  @Override
  public long pread(int fd, long address, long length, long offset) {
    return data(data.pread(fd, address, length, offset));
  }

  @Override
  public long pwrite(int fd, long address, long length, long offset) {
    return data(data.pwrite(fd, address, length, offset));
  }

  @Override
  public long readv(int fd, long iovecs, int count) {
    return data(data.readv(fd, iovecs, count));
  }

  @Override
  public long writev(int fd, long iovecs, int count) {
    return data(data.writev(fd, iovecs, count));
  }

  @Override
  public long preadv(int fd, long iovecs, int count, long offset) {
    return data(data.preadv(fd, iovecs, count, offset));
  }

  @Override
  public long pwritev(int fd, long iovecs, int count, long offset) {
    return data(data.pwritev(fd, iovecs, count, offset));
  }

  @Override
  public long preadv2(int fd, long iovecs, int count, long offset, int flags) {
    return data(data.preadv2(fd, iovecs, count, offset, flags));
  }

  @Override
  public int fdatasync(int fd) {
    return data(data.fdatasync(fd));
  }

  @Override
  public int fallocate(int fd, int mode, long offset, long length) {
    return data(data.fallocate(fd, mode, offset, length));
  }

  @Override
  public int ioUringSetup(int entries, long params) {
    return control((int) Control.syscall(IO_URING_SETUP, entries, params, 0, 0, 0, 0));
  }

  /** The last two arguments, a signal mask and its length, count where the call waits only. */
  @Override
  public int ioUringEnter(int ring, int submit, int wait, int flags) {
    if (wait > 0) {
      return control((int) Control.syscall(IO_URING_ENTER, ring, submit, wait, flags, 0, 0));
    }
    return data((int) data.syscall(IO_URING_ENTER, ring, submit, wait, flags));
  }

  @Override
  public int ioUringRegister(int ring, int operation, long argument, int count) {
    return control(
        (int) Control.syscall(IO_URING_REGISTER, ring, operation, argument, count, 0, 0));
  }

  @Override
  public long lseek(int fd, long offset, int whence) {
    long result = Control.lseek(fd, offset, whence);
    return result >= 0 ? result : -Native.getLastError();
  }

  @Override
  public int ftruncate(int fd, long length) {
    return control(Control.ftruncate(fd, length));
  }

  @Override
  public int unlink(String path) {
    return control(Control.unlink(path));
  }

  @Override
  public int flock(int fd, int operation) {
    return control(Control.flock(fd, operation));
  }

  @Override
  public int fcntl(int fd, int command, long argument) {
    return control(Control.fcntl(fd, command, argument));
  }

  @Override
  public long mmap(long address, long length, int protection, int flags, int fd, long offset) {
    long result = Control.mmap(address, length, protection, flags, fd, offset);
    return result != -1 ? result : -Native.getLastError();
  }

  @Override
  public int munmap(long address, long length) {
    return control(Control.munmap(address, length));
  }

  @Override
  public int madvise(long address, long length, int advice) {
    return data(data.madvise(address, length, advice));
  }

  @Override
  public int mlock(long address, long length) {
    return control(Control.mlock(address, length));
  }

  @Override
  public int memfdCreate(String name, int flags) {
    return control(Control.memfd_create(name, flags));
  }

  @Override
  public int eventfd(int initial, int flags) {
    return control(Control.eventfd(initial, flags));
  }

  @Override
  public int timerfdCreate(int clock, int flags) {
    return control(Control.timerfd_create(clock, flags));
  }

  @Override
  public int timerfdSettime(int fd, int flags, long newValue) {
    return data(data.timerfd_settime(fd, flags, newValue, 0));
  }

  @Override
  public int epollCreate(int flags) {
    return control(Control.epoll_create1(flags));
  }

  @Override
  public int epollCtl(int epoll, int operation, int fd, long event) {
    return data(data.epoll_ctl(epoll, operation, fd, event));
  }

  @Override
  public int epollWait(int epoll, long events, int maximum, int timeoutMillis) {
    return data(data.epoll_wait(epoll, events, maximum, timeoutMillis));
  }

  @Override
  public int getpid() {
    return data.getpid();
  }

  @Override
  public int gettid() {
    return data.gettid();
  }

  @Override
  public int tgkill(int pid, int tid, int signal) {
    return data(data.tgkill(pid, tid, signal));
  }

  /**
   * The handler is libc's {@code abs}: a pure function of one int, so that no Java code ever runs
   * in signal context.
   */
  @Override
  public int ignoreByHandler(int signal) {
    if (signal < firstRealtimeSignal()) {
      return -EINVAL;
    }
    long handler = Pointer.nativeValue(NativeLibrary.getInstance("c").getFunction("abs"));
    UnsafeBuffer action = NativeMemory.allocate(SIGACTION_LENGTH);
    action.putLong(SA_HANDLER_OFFSET, handler);
    action.putInt(SA_FLAGS_OFFSET, SA_RESTART);
    return control(Control.sigaction(signal, action.addressOffset(), 0));
  }

  @Override
  public int firstRealtimeSignal() {
    return Control.__libc_current_sigrtmin();
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
    return data(data.sendmsg(fd, message, flags));
  }

  @Override
  public long recvmsg(int fd, long message, int flags) {
    return data(data.recvmsg(fd, message, flags));
  }

  @Override
  public int poll(long descriptors, long count, int timeoutMillis) {
    return data(data.poll(descriptors, count, timeoutMillis));
  }

  @Override
  public int setsockopt(int fd, int level, int name, long value, int length) {
    return control(Control.setsockopt(fd, level, name, value, length));
  }

  @Override
  public long getrandom(long address, long length, int flags) {
    return data(data.getrandom(address, length, flags));
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
