package javelin.vmm.linux;

/**
 * The native seam: every call that Javelin makes into the kernel.
 *
 * <p>Each method returns what the system call returns, or {@code -errno} where the call failed (no
 * exceptions, so that the exit path can use it). Addresses are raw 64-bit process addresses,
 * lengths are bytes. Production code has one implementation, {@link NativeSyscalls}; tests run
 * everything above this interface against a fake.
 */
public interface Syscalls {
  // Files and descriptors.

  /** open(2); {@code flags} always gets O_CLOEXEC from {@link Linux}. */
  int open(String path, int flags, int mode);

  int close(int fd);

  int ioctl(int fd, long request, long argument);

  long read(int fd, long address, long length);

  long write(int fd, long address, long length);

  long pread(int fd, long address, long length, long offset);

  long pwrite(int fd, long address, long length, long offset);

  /** readv(2) into {@code count} times {@code struct iovec} at {@code iovecs}. */
  long readv(int fd, long iovecs, int count);

  /** writev(2), likewise. */
  long writev(int fd, long iovecs, int count);

  /** preadv(2) into {@code count} times {@code struct iovec} at {@code iovecs}. */
  long preadv(int fd, long iovecs, int count, long offset);

  /** pwritev(2), likewise. */
  long pwritev(int fd, long iovecs, int count, long offset);

  /** preadv2(2); at {@code offset} -1 it reads as readv does. */
  long preadv2(int fd, long iovecs, int count, long offset, int flags);

  int fdatasync(int fd);

  int fallocate(int fd, int mode, long offset, long length);

  /** io_uring_setup(2) with {@code struct io_uring_params} (120 bytes) at {@code params}. */
  int ioUringSetup(int entries, long params);

  /** io_uring_enter(2), without a signal mask. */
  int ioUringEnter(int ring, int submit, int wait, int flags);

  int ioUringRegister(int ring, int operation, long argument, int count);

  long lseek(int fd, long offset, int whence);

  int ftruncate(int fd, long length);

  int unlink(String path);

  /** flock(2): a lock that belongs to the open file and ends when its last descriptor closes. */
  int flock(int fd, int operation);

  /** fcntl(2) with an integer for its argument. */
  int fcntl(int fd, int command, long argument);

  // Memory.

  /** mmap(2): the address of the mapping, or {@code -errno} (a value in -4095..-1). */
  long mmap(long address, long length, int protection, int flags, int fd, long offset);

  int munmap(long address, long length);

  int madvise(long address, long length, int advice);

  int mlock(long address, long length);

  int memfdCreate(String name, int flags);

  // Events.

  int eventfd(int initial, int flags);

  int timerfdCreate(int clock, int flags);

  /** timerfd_settime(2) with {@code struct itimerspec} (32 bytes) at {@code newValue}. */
  int timerfdSettime(int fd, int flags, long newValue);

  /** clock_gettime(2) into {@code struct timespec} (16 bytes) at {@code time}. */
  int clockGettime(int clock, long time);

  int epollCreate(int flags);

  /** epoll_ctl(2) with the 12-byte packed {@code struct epoll_event} at {@code event}. */
  int epollCtl(int epoll, int operation, int fd, long event);

  int epollWait(int epoll, long events, int maximum, int timeoutMillis);

  // Threads and signals.

  int getpid();

  int gettid();

  int tgkill(int pid, int tid, int signal);

  /** Installs a handler that does nothing, with SA_RESTART, for {@code signal}. */
  int ignoreByHandler(int signal);

  /** The first real-time signal that the C library leaves to programs. */
  int firstRealtimeSignal();

  /** unshare(2): of the calling thread. */
  int unshare(int flags);

  // Sockets (AF_UNIX).

  int socket(int domain, int type, int protocol);

  int bind(int fd, long address, int length);

  int listen(int fd, int backlog);

  int accept(int fd, int flags);

  int connect(int fd, long address, int length);

  /** socketpair(2); the two descriptors, 32 bits each, are put at {@code descriptors}. */
  int socketpair(int domain, int type, int protocol, long descriptors);

  /** shutdown(2): {@code how} is 0 for receiving, 1 for sending, 2 for both. */
  int shutdown(int fd, int how);

  /** sendmsg(2) of the {@code struct msghdr} (56 bytes) at {@code message}. */
  long sendmsg(int fd, long message, int flags);

  /** setsockopt(2) to the {@code length} bytes at {@code value}. */
  int setsockopt(int fd, int level, int name, long value, int length);

  /** recvmsg(2), likewise. */
  long recvmsg(int fd, long message, int flags);

  /** poll(2) of {@code count} times {@code struct pollfd} (8 bytes) at {@code descriptors}. */
  int poll(long descriptors, long count, int timeoutMillis);

  // Random bytes.

  long getrandom(long address, long length, int flags);

  // Limits.

  /** getrlimit(2) into {@code struct rlimit} (two 64-bit values: soft, hard) at {@code limits}. */
  int getrlimit(int resource, long limits);

  int setrlimit(int resource, long limits);
}
