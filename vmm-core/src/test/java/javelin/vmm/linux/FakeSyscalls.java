package javelin.vmm.linux;

import static org.agrona.BitUtil.SIZE_OF_INT;
import static org.agrona.BitUtil.SIZE_OF_LONG;

import java.nio.charset.StandardCharsets;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.concurrent.TimeUnit;
import java.util.function.LongSupplier;
import javelin.vmm.linux.FakeDescriptors.Kind;
import org.agrona.concurrent.UnsafeBuffer;

/**
 * A fake of the native seam: descriptors, files, eventfds and epoll live in this object, mappings
 * are real anonymous memory, and each call can be told to fail or to answer.
 *
 * <p>Calls go by the names of {@link Syscalls} ("mmap", "ioctl"). What is not scripted succeeds.
 * Threads: any; one lock guards all.
 */
public final class FakeSyscalls implements Syscalls, AutoCloseable {
  /** A scripted answer: the value that the call returns, {@code -errno} for a failure. */
  @FunctionalInterface
  public interface Answer {
    /**
     * Answers one call, with the fake's lock held.
     *
     * @param arguments the call's arguments in order, integers as Long, paths as String
     */
    long answer(Object[] arguments);
  }

  /** A scripted answer to an ioctl; {@code argument} is its third argument, often an address. */
  @FunctionalInterface
  public interface IoctlAnswer {
    /** Returns what ioctl returns, {@code -errno} for a failure. */
    long answer(int fd, long argument);
  }

  private final Object lock = new Object();
  private final CallScript script = new CallScript();
  private final FakeDescriptors descriptors = new FakeDescriptors();
  private final Map<Long, IoctlAnswer> ioctls = new HashMap<>();
  private final Map<Integer, long[]> limits = new HashMap<>();
  private final Map<Long, Long> mappings = new TreeMap<>();

  // Script.

  /** The {@code occurrence}-th call from now of {@code name}, counted from 1, fails. */
  public FakeSyscalls fail(String name, int occurrence, Errno errno) {
    synchronized (lock) {
      script.fail(name, occurrence, errno);
    }
    return this;
  }

  /** Every call of {@code name} from now on fails. */
  public FakeSyscalls failAlways(String name, Errno errno) {
    return answer(name, arguments -> -errno.number());
  }

  /** Every call of {@code name} from now on is answered by {@code answer}. */
  public FakeSyscalls answer(String name, Answer answer) {
    synchronized (lock) {
      script.answer(name, answer);
    }
    return this;
  }

  /** Every ioctl {@code request} from now on is answered by {@code answer}. */
  public FakeSyscalls onIoctl(long request, IoctlAnswer answer) {
    synchronized (lock) {
      ioctls.put(request, answer);
    }
    return this;
  }

  /** Every ioctl {@code request} from now on returns a new descriptor, as KVM_CREATE_VM does. */
  public FakeSyscalls onIoctlOpen(long request, String subject) {
    return onIoctl(request, (fd, argument) -> openFd(subject));
  }

  /** Makes a file that can be opened, read and written. */
  public FakeSyscalls file(String path, byte[] bytes) {
    synchronized (lock) {
      descriptors.file(path, bytes);
    }
    return this;
  }

  /** Sets what getrlimit says. Both are infinite unless set. */
  public FakeSyscalls limit(int resource, long soft, long hard) {
    synchronized (lock) {
      limits.put(resource, new long[] {soft, hard});
    }
    return this;
  }

  /** Makes a file of which each open gives a new channel to {@code peers}. */
  public FakeSyscalls channels(String path, List<FakeChannel> peers) {
    synchronized (lock) {
      descriptors.channels(path, peers);
    }
    return this;
  }

  /** A new descriptor with {@code peer} at the other end. */
  public int openChannel(FakeChannel peer) {
    synchronized (lock) {
      return descriptors.add(peer);
    }
  }

  /** Changes a channel under the fake's lock, and wakes those who wait for that. */
  public void change(Runnable change) {
    synchronized (lock) {
      change.run();
      lock.notifyAll();
    }
  }

  /** A new descriptor of no particular kind, for answers that return one. */
  public int openFd(String subject) {
    synchronized (lock) {
      return descriptors.add(Kind.OTHER, subject);
    }
  }

  /** A new descriptor that epoll never has anything to tell of, as a ring whose ends are reaped. */
  public int openRing(String subject) {
    synchronized (lock) {
      return descriptors.add(Kind.RING, subject);
    }
  }

  // What happened.

  /** All calls so far, in order, written as {@code "close(1000)"}. */
  public List<String> calls() {
    synchronized (lock) {
      return script.calls();
    }
  }

  /** The calls of {@code name} so far, in order. */
  public List<String> calls(String name) {
    return calls().stream().filter(call -> call.startsWith(name + "(")).toList();
  }

  /** What is open, as {@code "1000 /dev/kvm"}. */
  public List<String> openFds() {
    synchronized (lock) {
      return descriptors.list();
    }
  }

  /** What is mapped: address to length in bytes. */
  public Map<Long, Long> mappings() {
    synchronized (lock) {
      return Map.copyOf(mappings);
    }
  }

  /** The bytes of a file that was made by {@link #file} or by O_CREAT; null where there is none. */
  public byte[] fileContents(String path) {
    synchronized (lock) {
      return descriptors.contents(path);
    }
  }

  /** Throws where a descriptor or a mapping is left. */
  public void requireNothingOpen() {
    synchronized (lock) {
      if (!openFds().isEmpty() || !mappings.isEmpty()) {
        throw new AssertionError(
            "left open: descriptors " + openFds() + ", mappings of bytes " + mappings.values());
      }
    }
  }

  /** Unmaps what the code under test left mapped. */
  @Override
  public void close() {
    synchronized (lock) {
      mappings.forEach(NativeSyscalls.INSTANCE::munmap);
      mappings.clear();
      descriptors.clear();
      lock.notifyAll();
    }
  }

  /** Lets the timer on descriptor {@code fd} expire once; of itself none ever does. */
  public void expire(int fd) {
    synchronized (lock) {
      descriptors.count(fd, 1);
      lock.notifyAll();
    }
  }

  /** Makes a call: as scripted, else as {@code usual}, in the lock. */
  private long call(String name, LongSupplier usual, Object... arguments) {
    synchronized (lock) {
      Long scripted = script.outcome(name, arguments);
      long result = scripted != null ? scripted : usual.getAsLong();
      lock.notifyAll(); // Whatever changed may be what an epollWait waits for.
      return result;
    }
  }

  private int intCall(String name, LongSupplier usual, Object... arguments) {
    return (int) call(name, usual, arguments);
  }

  private LongSupplier successOn(int fd) {
    return () -> descriptors.isOpen(fd) ? 0 : FakeDescriptors.error(Errno.EBADF);
  }

  // Files and descriptors.

  @Override
  public int open(String path, int flags, int mode) {
    return intCall("open", () -> descriptors.open(path, flags), path, (long) flags, (long) mode);
  }

  @Override
  public int close(int fd) {
    return intCall("close", () -> descriptors.close(fd), (long) fd);
  }

  @Override
  public int ioctl(int fd, long request, long argument) {
    IoctlAnswer answer;
    int result;
    synchronized (lock) {
      result = intCall("ioctl", successOn(fd), (long) fd, request, argument);
      answer = ioctls.get(request);
    }
    // Outside the lock, so that an answer may block as KVM_RUN does.
    return result == 0 && answer != null ? (int) answer.answer(fd, argument) : result;
  }

  @Override
  public long read(int fd, long address, long length) {
    return call("read", () -> descriptors.read(fd, address, length), (long) fd, address, length);
  }

  @Override
  public long write(int fd, long address, long length) {
    return call("write", () -> descriptors.write(fd, address, length), (long) fd, address, length);
  }

  @Override
  public long pread(int fd, long address, long length, long offset) {
    LongSupplier usual = () -> descriptors.pread(fd, address, length, offset);
    return call("pread", usual, (long) fd, address, length, offset);
  }

  @Override
  public long pwrite(int fd, long address, long length, long offset) {
    LongSupplier usual = () -> descriptors.pwrite(fd, address, length, offset);
    return call("pwrite", usual, (long) fd, address, length, offset);
  }

  @Override
  public long readv(int fd, long iovecs, int count) {
    LongSupplier usual = () -> descriptors.readv(fd, iovecs, count);
    return call("readv", usual, (long) fd, iovecs, (long) count);
  }

  @Override
  public long writev(int fd, long iovecs, int count) {
    LongSupplier usual = () -> descriptors.writev(fd, iovecs, count);
    return call("writev", usual, (long) fd, iovecs, (long) count);
  }

  @Override
  public long preadv(int fd, long iovecs, int count, long offset) {
    LongSupplier usual = () -> descriptors.preadv(fd, iovecs, count, offset);
    return call("preadv", usual, (long) fd, iovecs, (long) count, offset);
  }

  @Override
  public long pwritev(int fd, long iovecs, int count, long offset) {
    LongSupplier usual = () -> descriptors.pwritev(fd, iovecs, count, offset);
    return call("pwritev", usual, (long) fd, iovecs, (long) count, offset);
  }

  @Override
  public long preadv2(int fd, long iovecs, int count, long offset, int flags) {
    LongSupplier usual =
        () ->
            offset == -1
                ? descriptors.readv(fd, iovecs, count)
                : descriptors.preadv(fd, iovecs, count, offset);
    return call("preadv2", usual, (long) fd, iovecs, (long) count, offset, (long) flags);
  }

  @Override
  public int fdatasync(int fd) {
    return intCall("fdatasync", successOn(fd), (long) fd);
  }

  /** Succeeds and changes nothing. */
  @Override
  public int fallocate(int fd, int mode, long offset, long length) {
    return intCall("fallocate", successOn(fd), (long) fd, (long) mode, offset, length);
  }

  /** Of itself, as on a kernel without io_uring. */
  @Override
  public int ioUringSetup(int entries, long params) {
    LongSupplier usual = () -> FakeDescriptors.error(Errno.ENOSYS);
    return intCall("ioUringSetup", usual, (long) entries, params);
  }

  @Override
  public int ioUringEnter(int ring, int submit, int wait, int flags) {
    return intCall(
        "ioUringEnter", successOn(ring), (long) ring, (long) submit, (long) wait, (long) flags);
  }

  @Override
  public int ioUringRegister(int ring, int operation, long argument, int count) {
    return intCall(
        "ioUringRegister", successOn(ring), (long) ring, (long) operation, argument, (long) count);
  }

  /** Knows the end of a file only. */
  @Override
  public long lseek(int fd, long offset, int whence) {
    return call("lseek", () -> descriptors.length(fd), (long) fd, offset, (long) whence);
  }

  @Override
  public int ftruncate(int fd, long length) {
    return intCall("ftruncate", successOn(fd), (long) fd, length);
  }

  @Override
  public int unlink(String path) {
    return intCall("unlink", () -> descriptors.unlink(path), path);
  }

  /** Knows exclusive locks that do not wait. */
  @Override
  public int flock(int fd, int operation) {
    return intCall("flock", () -> descriptors.flock(fd, operation), (long) fd, (long) operation);
  }

  @Override
  public int fcntl(int fd, int command, long argument) {
    return intCall("fcntl", successOn(fd), (long) fd, (long) command, argument);
  }

  // Memory.

  /** Every mapping has zeroed memory of its own, also where two are of the same descriptor. */
  @Override
  public long mmap(long address, long length, int protection, int flags, int fd, long offset) {
    return call(
        "mmap",
        () -> fd == -1 || descriptors.isOpen(fd) ? map(length) : FakeDescriptors.error(Errno.EBADF),
        address,
        length,
        (long) protection,
        (long) flags,
        (long) fd,
        offset);
  }

  private long map(long length) {
    int protection = Linux.PROT_READ | Linux.PROT_WRITE;
    int flags = Linux.MAP_PRIVATE | Linux.MAP_ANONYMOUS | Linux.MAP_NORESERVE;
    long mapped = NativeSyscalls.INSTANCE.mmap(0, length, protection, flags, -1, 0);
    if (mapped > 0) {
      mappings.put(mapped, length);
    }
    return mapped;
  }

  @Override
  public int munmap(long address, long length) {
    LongSupplier usual =
        () ->
            mappings.remove(address, length)
                ? NativeSyscalls.INSTANCE.munmap(address, length)
                : FakeDescriptors.error(Errno.EINVAL);
    return intCall("munmap", usual, address, length);
  }

  @Override
  public int madvise(long address, long length, int advice) {
    return intCall("madvise", () -> 0, address, length, (long) advice);
  }

  @Override
  public int mlock(long address, long length) {
    return intCall("mlock", () -> 0, address, length);
  }

  @Override
  public int memfdCreate(String name, int flags) {
    LongSupplier usual = () -> descriptors.add(Kind.FILE, "memfd:" + name);
    return intCall("memfdCreate", usual, name, (long) flags);
  }

  // Events.

  @Override
  public int eventfd(int initial, int flags) {
    if ((flags & Linux.O_NONBLOCK) == 0) {
      throw new IllegalArgumentException("the fake knows non-blocking eventfds only");
    }
    LongSupplier usual =
        () -> {
          int fd = descriptors.add(Kind.EVENTFD, "eventfd");
          descriptors.count(fd, initial);
          return fd;
        };
    return intCall("eventfd", usual, (long) initial, (long) flags);
  }

  @Override
  public int timerfdCreate(int clock, int flags) {
    LongSupplier usual = () -> descriptors.add(Kind.TIMERFD, "timerfd");
    return intCall("timerfdCreate", usual, (long) clock, (long) flags);
  }

  @Override
  public int timerfdSettime(int fd, int flags, long newValue) {
    return intCall("timerfdSettime", successOn(fd), (long) fd, (long) flags, newValue);
  }

  @Override
  public int clockGettime(int clock, long time) {
    return intCall("clockGettime", () -> 0, (long) clock, time);
  }

  @Override
  public int epollCreate(int flags) {
    LongSupplier usual = () -> descriptors.add(Kind.EPOLL, "epoll");
    return intCall("epollCreate", usual, (long) flags);
  }

  @Override
  public int epollCtl(int epoll, int operation, int fd, long event) {
    LongSupplier usual = () -> descriptors.epollCtl(epoll, operation, fd, event);
    return intCall("epollCtl", usual, (long) epoll, (long) operation, (long) fd, event);
  }

  @Override
  public int epollWait(int epoll, long events, int maximum, int timeoutMillis) {
    long deadline = System.nanoTime() + TimeUnit.MILLISECONDS.toNanos(timeoutMillis);
    synchronized (lock) {
      LongSupplier poll = () -> descriptors.poll(epoll, events, maximum);
      int count = intCall("epollWait", poll, (long) epoll, events, (long) maximum);
      while (count == 0) {
        long left = TimeUnit.NANOSECONDS.toMillis(deadline - System.nanoTime());
        if (timeoutMillis >= 0 && left <= 0) {
          return 0;
        }
        try {
          lock.wait(timeoutMillis < 0 ? 0 : left);
        } catch (InterruptedException e) {
          return FakeDescriptors.error(Errno.EINTR);
        }
        count = (int) poll.getAsLong();
      }
      return count;
    }
  }

  // Threads and signals.

  @Override
  public int getpid() {
    return (int) ProcessHandle.current().pid();
  }

  @Override
  public int gettid() {
    return (int) Thread.currentThread().getId();
  }

  @Override
  public int tgkill(int pid, int tid, int signal) {
    return intCall("tgkill", () -> 0, (long) pid, (long) tid, (long) signal);
  }

  @Override
  public int ignoreByHandler(int signal) {
    return intCall("ignoreByHandler", () -> 0, (long) signal);
  }

  @Override
  public int firstRealtimeSignal() {
    return 34;
  }

  @Override
  public int unshare(int flags) {
    return intCall("unshare", () -> 0, (long) flags);
  }

  // Sockets: descriptors that take every call.

  @Override
  public int socket(int domain, int type, int protocol) {
    LongSupplier usual = () -> descriptors.add(Kind.OTHER, "socket");
    return intCall("socket", usual, (long) domain, (long) type, (long) protocol);
  }

  @Override
  public int bind(int fd, long address, int length) {
    return intCall("bind", successOn(fd), (long) fd, path(address, length));
  }

  @Override
  public int listen(int fd, int backlog) {
    return intCall("listen", successOn(fd), (long) fd, (long) backlog);
  }

  @Override
  public int accept(int fd, int flags) {
    LongSupplier usual = () -> descriptors.add(Kind.OTHER, "accepted socket");
    return intCall("accept", usual, (long) fd, (long) flags);
  }

  @Override
  public int connect(int fd, long address, int length) {
    return intCall("connect", successOn(fd), (long) fd, path(address, length));
  }

  @Override
  public int socketpair(int domain, int type, int protocol, long address) {
    LongSupplier usual =
        () -> {
          UnsafeBuffer numbers = FakeDescriptors.memory(address, 2 * SIZE_OF_INT);
          numbers.putInt(0, descriptors.add(Kind.OTHER, "socket"));
          numbers.putInt(SIZE_OF_INT, descriptors.add(Kind.OTHER, "socket"));
          return 0;
        };
    return intCall("socketpair", usual, (long) domain, (long) type, (long) protocol);
  }

  /** The peer has closed. */
  @Override
  public long recvmsg(int fd, long message, int flags) {
    return call("recvmsg", successOn(fd), (long) fd, message, (long) flags);
  }

  /** Everything is ready. */
  @Override
  public int poll(long address, long count, int timeoutMillis) {
    return intCall("poll", () -> count, address, count, (long) timeoutMillis);
  }

  @Override
  public int shutdown(int fd, int how) {
    return intCall("shutdown", successOn(fd), (long) fd, (long) how);
  }

  /** Knows channels only, and passes no descriptors. */
  @Override
  public long sendmsg(int fd, long message, int flags) {
    UnsafeBuffer header = FakeDescriptors.memory(message, 56);
    LongSupplier usual = () -> descriptors.writev(fd, header.getLong(16), (int) header.getLong(24));
    return call("sendmsg", usual, (long) fd, message, (long) flags);
  }

  @Override
  public int setsockopt(int fd, int level, int name, long value, int length) {
    return intCall("setsockopt", successOn(fd), (long) fd, (long) level, (long) name);
  }

  /** The path in a {@code struct sockaddr_un}: behind the 16-bit family, up to a zero byte. */
  private static String path(long address, int length) {
    byte[] bytes = new byte[Math.max(0, length - 2)];
    FakeDescriptors.memory(address, length).getBytes(2, bytes);
    int end = 0;
    while (end < bytes.length && bytes[end] != 0) {
      end++;
    }
    return new String(bytes, 0, end, StandardCharsets.UTF_8);
  }

  // Random bytes: all of them 0x5a.

  @Override
  public long getrandom(long address, long length, int flags) {
    LongSupplier usual =
        () -> {
          FakeDescriptors.memory(address, length).setMemory(0, (int) length, (byte) 0x5a);
          return length;
        };
    return call("getrandom", usual, address, length, (long) flags);
  }

  // Limits.

  @Override
  public int getrlimit(int resource, long address) {
    LongSupplier usual =
        () -> {
          long[] limit = limits.getOrDefault(resource, new long[] {-1, -1});
          UnsafeBuffer memory = FakeDescriptors.memory(address, 2 * SIZE_OF_LONG);
          memory.putLong(0, limit[0]);
          memory.putLong(SIZE_OF_LONG, limit[1]);
          return 0;
        };
    return intCall("getrlimit", usual, (long) resource);
  }

  @Override
  public int setrlimit(int resource, long address) {
    LongSupplier usual =
        () -> {
          UnsafeBuffer memory = FakeDescriptors.memory(address, 2 * SIZE_OF_LONG);
          limits.put(resource, new long[] {memory.getLong(0), memory.getLong(SIZE_OF_LONG)});
          return 0;
        };
    return intCall("setrlimit", usual, (long) resource);
  }
}
