package javelin.vmm.linux;

import org.agrona.concurrent.UnsafeBuffer;

/**
 * A non-blocking eventfd(2). Any thread may signal; one thread drains. Neither allocates.
 *
 * <p>Each direction has its own 8 bytes of memory: the kernel reads the constant 1 of all
 * signallers from one place, and writes the drained count to the other.
 */
public final class EventFd implements AutoCloseable {
  private static final int COUNT_LENGTH = 8;
  private static final int IOVEC_LENGTH = 16;

  /** uapi linux/fs.h. */
  private static final int RWF_NOWAIT = 8;

  private final Fd fd;
  private final Syscalls syscalls;
  private final UnsafeBuffer one = NativeMemory.allocate(COUNT_LENGTH);
  private final UnsafeBuffer drained = NativeMemory.allocate(COUNT_LENGTH);

  /** {@code struct iovec} of what is drained, once others have the descriptor; else null. */
  private volatile UnsafeBuffer iovec;

  EventFd(Fd fd) {
    this.fd = fd;
    this.syscalls = fd.linux().syscalls();
    one.putLong(0, 1);
  }

  /** The descriptor, for irqfd, ioeventfd and epoll. */
  public Fd fd() {
    return fd;
  }

  /** Adds 1. A full counter (EAGAIN) is signalled already, so that is no error. */
  public void signal() {
    long result = syscalls.write(fd.number(), one.addressOffset(), COUNT_LENGTH);
    if (result < 0 && !Errno.EAGAIN.is(result)) {
      throw new ErrnoException("write", "eventfd", (int) -result);
    }
  }

  /**
   * Another process is given the descriptor, and may have it block from now on: draining does not
   * rely on that. Where the kernel is older than 5.8 it has to.
   */
  public void givenAway() {
    if (iovec == null) {
      UnsafeBuffer memory = NativeMemory.allocate(IOVEC_LENGTH);
      memory.putLong(0, drained.addressOffset());
      memory.putLong(Long.BYTES, COUNT_LENGTH);
      iovec = memory;
    }
  }

  private long read() {
    UnsafeBuffer memory = iovec;
    if (memory != null) {
      long result = syscalls.preadv2(fd.number(), memory.addressOffset(), 1, -1, RWF_NOWAIT);
      if (!Errno.EOPNOTSUPP.is(result)) {
        return result;
      }
    }
    return syscalls.read(fd.number(), drained.addressOffset(), COUNT_LENGTH);
  }

  /** Takes the count and sets it to 0; returns 0 where nothing was signalled. */
  public long drain() {
    long result = read();
    if (result < 0) {
      if (Errno.EAGAIN.is(result)) {
        return 0;
      }
      throw new ErrnoException("read", "eventfd", (int) -result);
    }
    return drained.getLong(0);
  }

  @Override
  public void close() {
    fd.close();
  }
}
