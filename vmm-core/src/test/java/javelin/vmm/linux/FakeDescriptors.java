package javelin.vmm.linux;

import static org.agrona.BitUtil.SIZE_OF_INT;
import static org.agrona.BitUtil.SIZE_OF_LONG;

import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Deque;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import org.agrona.concurrent.UnsafeBuffer;

/**
 * The descriptors and files of a {@link FakeSyscalls}. Methods return what the system call returns.
 * Guarded by the lock of the fake.
 */
final class FakeDescriptors {
  enum Kind {
    FILE,
    EVENTFD,
    TIMERFD,
    EPOLL,
    CHANNEL,
    /** Never readable: its ends are for whoever looks. */
    RING,
    OTHER
  }

  private static final int FIRST_FD = 1000;
  private static final int EPOLLIN = 1;
  private static final int EPOLLOUT = 4;
  private static final int EPOLL_CTL_ADD = 1;
  private static final int EPOLL_CTL_DEL = 2;
  private static final int EPOLL_EVENT_LENGTH = 12;

  /** A file's bytes, which outlive the descriptors on them. */
  private static final class Contents {
    byte[] bytes = {};

    /** The descriptor that has the lock, or null. */
    Descriptor locker;

    int readAt(long address, long length, long offset) {
      int done = (int) Math.max(0, Math.min(length, bytes.length - offset));
      if (done > 0) {
        memory(address, done).putBytes(0, bytes, (int) offset, done);
      }
      return done;
    }

    int writeAt(long address, long length, long offset) {
      int end = Math.toIntExact(offset + length);
      if (end > bytes.length) {
        bytes = Arrays.copyOf(bytes, end);
      }
      memory(address, length).getBytes(0, bytes, (int) offset, (int) length);
      return (int) length;
    }
  }

  private static final class Descriptor {
    final Kind kind;
    final String subject;
    final Contents contents;

    /** Of an epoll: descriptor to events and data. */
    final Map<Integer, long[]> watched = new TreeMap<>();

    /** Of a file. */
    long position;

    /** Of an eventfd or timerfd. */
    long count;

    /** Of a channel. */
    FakeChannel peer;

    Descriptor(Kind kind, String subject, Contents contents) {
      this.kind = kind;
      this.subject = subject;
      this.contents = contents;
    }

    void unlock() {
      if (contents.locker == this) {
        contents.locker = null;
      }
    }

    boolean counts() {
      return kind == Kind.EVENTFD || kind == Kind.TIMERFD;
    }
  }

  private final Map<String, Contents> files = new HashMap<>();
  private final Map<String, Deque<FakeChannel>> channels = new HashMap<>();
  private final Map<Integer, Descriptor> open = new TreeMap<>();

  static int error(Errno errno) {
    return -errno.number();
  }

  static UnsafeBuffer memory(long address, long length) {
    return new UnsafeBuffer(address, Math.toIntExact(length));
  }

  void file(String path, byte[] bytes) {
    files.computeIfAbsent(path, key -> new Contents()).bytes = bytes.clone();
  }

  byte[] contents(String path) {
    Contents contents = files.get(path);
    return contents == null ? null : contents.bytes.clone();
  }

  int unlink(String path) {
    return files.remove(path) == null ? error(Errno.ENOENT) : 0;
  }

  boolean isOpen(int fd) {
    return open.containsKey(fd);
  }

  List<String> list() {
    return open.entrySet().stream()
        .map(entry -> entry.getKey() + " " + entry.getValue().subject)
        .toList();
  }

  void clear() {
    open.clear();
  }

  void channels(String path, List<FakeChannel> peers) {
    channels.put(path, new ArrayDeque<>(peers));
  }

  int add(FakeChannel peer) {
    int fd = add(Kind.CHANNEL, "channel");
    open.get(fd).peer = peer;
    return fd;
  }

  int add(Kind kind, String subject) {
    return add(kind, subject, new Contents());
  }

  private int add(Kind kind, String subject, Contents contents) {
    int fd = FIRST_FD;
    while (open.containsKey(fd)) {
      fd++;
    }
    open.put(fd, new Descriptor(kind, subject, contents));
    return fd;
  }

  int open(String path, int flags) {
    if (channels.containsKey(path)) {
      return add(channels.get(path).remove());
    }
    if ((flags & Linux.O_CREAT) != 0) {
      files.computeIfAbsent(path, key -> new Contents());
    }
    Contents contents = files.get(path);
    if (contents == null) {
      return error(Errno.ENOENT);
    }
    if ((flags & Linux.O_TRUNC) != 0) {
      contents.bytes = new byte[0];
    }
    return add(Kind.FILE, path, contents);
  }

  int flock(int fd, int operation) {
    Descriptor descriptor = open.get(fd);
    if (descriptor == null) {
      return error(Errno.EBADF);
    }
    if (operation == Linux.LOCK_UN) {
      descriptor.unlock();
      return 0;
    }
    if (operation != (Linux.LOCK_EX | Linux.LOCK_NB)) {
      throw new IllegalArgumentException("the fake knows exclusive locks that do not wait only");
    }
    Descriptor locker = descriptor.contents.locker;
    if (locker != null && locker != descriptor) {
      return error(Errno.EAGAIN);
    }
    descriptor.contents.locker = descriptor;
    return 0;
  }

  int close(int fd) {
    Descriptor descriptor = open.remove(fd);
    if (descriptor == null) {
      return error(Errno.EBADF);
    }
    descriptor.unlock();
    open.values().forEach(other -> other.watched.remove(fd));
    return 0;
  }

  /** Adds to the count of an eventfd or timerfd. */
  void count(int fd, long more) {
    open.get(fd).count += more;
  }

  int read(int fd, long address, long length) {
    Descriptor descriptor = open.get(fd);
    if (descriptor == null) {
      return error(Errno.EBADF);
    }
    if (descriptor.peer != null) {
      return descriptor.peer.read(List.of(memory(address, length)));
    }
    if (!descriptor.counts()) {
      int done = descriptor.contents.readAt(address, length, descriptor.position);
      descriptor.position += done;
      return done;
    }
    if (length < SIZE_OF_LONG) {
      return error(Errno.EINVAL);
    }
    if (descriptor.count == 0) {
      return error(Errno.EAGAIN);
    }
    memory(address, length).putLong(0, descriptor.count);
    descriptor.count = 0;
    return SIZE_OF_LONG;
  }

  int write(int fd, long address, long length) {
    Descriptor descriptor = open.get(fd);
    if (descriptor == null) {
      return error(Errno.EBADF);
    }
    if (descriptor.peer != null) {
      return descriptor.peer.write(List.of(memory(address, length)));
    }
    if (!descriptor.counts()) {
      int done = descriptor.contents.writeAt(address, length, descriptor.position);
      descriptor.position += done;
      return done;
    }
    if (descriptor.kind == Kind.TIMERFD || length < SIZE_OF_LONG) {
      return error(Errno.EINVAL);
    }
    descriptor.count += memory(address, length).getLong(0);
    return SIZE_OF_LONG;
  }

  int pread(int fd, long address, long length, long offset) {
    Descriptor descriptor = open.get(fd);
    return descriptor == null
        ? error(Errno.EBADF)
        : descriptor.contents.readAt(address, length, offset);
  }

  int pwrite(int fd, long address, long length, long offset) {
    Descriptor descriptor = open.get(fd);
    return descriptor == null
        ? error(Errno.EBADF)
        : descriptor.contents.writeAt(address, length, offset);
  }

  int preadv(int fd, long iovecs, int count, long offset) {
    int total = 0;
    for (int i = 0; i < count; i++) {
      long length = iovec(iovecs, i, SIZE_OF_LONG);
      int done = pread(fd, iovec(iovecs, i, 0), length, offset + total);
      if (done < 0) {
        return done;
      }
      total += done;
      if (done < length) {
        break;
      }
    }
    return total;
  }

  int pwritev(int fd, long iovecs, int count, long offset) {
    int total = 0;
    for (int i = 0; i < count; i++) {
      int done = pwrite(fd, iovec(iovecs, i, 0), iovec(iovecs, i, SIZE_OF_LONG), offset + total);
      if (done < 0) {
        return done;
      }
      total += done;
    }
    return total;
  }

  /** Knows channels only. */
  int readv(int fd, long iovecs, int count) {
    FakeChannel peer = open.containsKey(fd) ? open.get(fd).peer : null;
    return peer == null ? error(Errno.EBADF) : peer.read(buffers(iovecs, count));
  }

  /** Knows channels only. */
  int writev(int fd, long iovecs, int count) {
    FakeChannel peer = open.containsKey(fd) ? open.get(fd).peer : null;
    return peer == null ? error(Errno.EBADF) : peer.write(buffers(iovecs, count));
  }

  private static List<UnsafeBuffer> buffers(long iovecs, int count) {
    List<UnsafeBuffer> buffers = new ArrayList<>();
    for (int i = 0; i < count; i++) {
      buffers.add(memory(iovec(iovecs, i, 0), iovec(iovecs, i, SIZE_OF_LONG)));
    }
    return buffers;
  }

  /** A field of {@code struct iovec}: u64 base, u64 length. */
  private static long iovec(long iovecs, int index, int field) {
    return memory(iovecs + 2L * SIZE_OF_LONG * index, 2 * SIZE_OF_LONG).getLong(field);
  }

  long length(int fd) {
    Descriptor descriptor = open.get(fd);
    return descriptor == null ? error(Errno.EBADF) : descriptor.contents.bytes.length;
  }

  int epollCtl(int epoll, int operation, int fd, long event) {
    if (!open.containsKey(epoll) || !open.containsKey(fd)) {
      return error(Errno.EBADF);
    }
    Map<Integer, long[]> watched = open.get(epoll).watched;
    if (operation == EPOLL_CTL_ADD && watched.containsKey(fd)) {
      return error(Errno.EEXIST);
    }
    if (operation != EPOLL_CTL_ADD && !watched.containsKey(fd)) {
      return error(Errno.ENOENT);
    }
    if (operation == EPOLL_CTL_DEL) {
      watched.remove(fd);
    } else {
      UnsafeBuffer memory = memory(event, EPOLL_EVENT_LENGTH);
      watched.put(fd, new long[] {memory.getInt(0), memory.getLong(SIZE_OF_INT)});
    }
    return 0;
  }

  /** What epoll_wait with time-out 0 returns. */
  int poll(int epoll, long address, int maximum) {
    Descriptor descriptor = open.get(epoll);
    if (descriptor == null) {
      return error(Errno.EBADF);
    }
    UnsafeBuffer events = memory(address, (long) maximum * EPOLL_EVENT_LENGTH);
    int found = 0;
    for (Map.Entry<Integer, long[]> entry : descriptor.watched.entrySet()) {
      Descriptor watched = open.get(entry.getKey());
      boolean readable = watched.counts() ? watched.count > 0 : watched.kind != Kind.RING;
      int ready = ((readable ? EPOLLIN : 0) | EPOLLOUT) & (int) entry.getValue()[0];
      if (watched.peer != null) {
        ready = watched.peer.events() & (int) (entry.getValue()[0] | FakeChannel.EPOLLHUP);
      }
      if (ready != 0 && found < maximum) {
        events.putInt(found * EPOLL_EVENT_LENGTH, ready);
        events.putLong(found * EPOLL_EVENT_LENGTH + SIZE_OF_INT, entry.getValue()[1]);
        found++;
      }
    }
    return found;
  }
}
