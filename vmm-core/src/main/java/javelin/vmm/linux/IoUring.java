package javelin.vmm.linux;

import org.agrona.concurrent.UnsafeBuffer;

/**
 * An io_uring instance (uapi linux/io_uring.h): requests to files, which the kernel takes in
 * batches from one ring and ends, in any order, on another. Nothing but the set-up allocates.
 *
 * <p>A batch costs one release store of the submission ring's tail and one io_uring_enter(2);
 * reaping costs one acquire load of the completion ring's tail and one release store of its head.
 * For one thread at a time; the kernel cancels what is in flight when the thread ends that has
 * submitted it.
 */
public final class IoUring implements AutoCloseable {
  /** IORING_OP_READV and IORING_OP_WRITEV: {@code address} is of {@code struct iovec}s. */
  public static final int READV = 1;

  public static final int WRITEV = 2;

  /** struct io_uring_params, with struct io_sqring_offsets and io_cqring_offsets in it. */
  private static final int PARAMS_LENGTH = 120;

  private static final int PARAMS_SQ_ENTRIES = 0;
  private static final int PARAMS_CQ_ENTRIES = 4;
  private static final int PARAMS_FEATURES = 20;
  private static final int PARAMS_SQ_HEAD = 40;
  private static final int PARAMS_SQ_TAIL = 44;
  private static final int PARAMS_SQ_ARRAY = 64;
  private static final int PARAMS_CQ_HEAD = 80;
  private static final int PARAMS_CQ_TAIL = 84;
  private static final int PARAMS_CQES = 100;

  /**
   * One mapping for both rings, no completion is ever dropped, and the iovecs are copied when a
   * request is submitted: Linux 5.5.
   */
  private static final int NEEDED_FEATURES = 1 | 1 << 1 | 1 << 2;

  private static final long OFFSET_RINGS = 0;
  private static final long OFFSET_SQES = 0x1000_0000L;
  private static final int ENTER_GETEVENTS = 1;
  private static final int REGISTER_EVENTFD = 4;

  /** struct io_uring_sqe. */
  private static final int SQE_LENGTH = 64;

  private static final int SQE_OPCODE = 0;
  private static final int SQE_FD = 4;
  private static final int SQE_OFFSET = 8;
  private static final int SQE_ADDRESS = 16;
  private static final int SQE_COUNT = 24;
  private static final int SQE_USER_DATA = 32;

  /** struct io_uring_cqe: u64 user_data, s32 res, u32 flags. */
  private static final int CQE_LENGTH = 16;

  private static final int CQE_RESULT = 8;

  /** Who hears of ends. */
  @FunctionalInterface
  public interface Completion {
    /**
     * A request has ended. It may prepare others.
     *
     * @param result what the system call of that name would return, or {@code -errno}
     */
    void completed(long userData, int result);
  }

  private final Syscalls syscalls;
  private final Resources owned = new Resources();
  private final Fd fd;
  private final UnsafeBuffer rings;
  private final UnsafeBuffer sqes;
  private final int sqMask;
  private final int sqTailAt;
  private final int cqMask;
  private final int cqHeadAt;
  private final int cqTailAt;
  private final int cqesAt;
  private int sqTail;
  private int cqHead;
  private int prepared;
  private int inFlight;

  /**
   * A ring for up to {@code entries} requests, a power of two, in flight.
   *
   * @throws ErrnoException where the kernel has no io_uring, an old one, or refuses it
   */
  public IoUring(Linux linux, int entries) {
    syscalls = linux.syscalls();
    UnsafeBuffer params = NativeMemory.allocate(PARAMS_LENGTH);
    String call = "io_uring_setup";
    fd = owned.own(linux.own(syscalls.ioUringSetup(entries, params.addressOffset()), call, "ring"));
    try {
      if ((params.getInt(PARAMS_FEATURES) & NEEDED_FEATURES) != NEEDED_FEATURES) {
        throw new ErrnoException(call, "ring, as this kernel's is too old", Errno.ENOSYS.number());
      }
      int sqEntries = params.getInt(PARAMS_SQ_ENTRIES);
      int cqEntries = params.getInt(PARAMS_CQ_ENTRIES);
      int arrayAt = params.getInt(PARAMS_SQ_ARRAY);
      sqMask = sqEntries - 1;
      sqTailAt = params.getInt(PARAMS_SQ_TAIL);
      cqMask = cqEntries - 1;
      cqHeadAt = params.getInt(PARAMS_CQ_HEAD);
      cqTailAt = params.getInt(PARAMS_CQ_TAIL);
      cqesAt = params.getInt(PARAMS_CQES);
      rings =
          map(
              linux,
              OFFSET_RINGS,
              Math.max(arrayAt + sqEntries * Integer.BYTES, cqesAt + cqEntries * CQE_LENGTH));
      sqes = map(linux, OFFSET_SQES, sqEntries * SQE_LENGTH);
      sqTail = rings.getInt(params.getInt(PARAMS_SQ_HEAD));
      cqHead = rings.getInt(cqHeadAt);
      for (int i = 0; i < sqEntries; i++) {
        rings.putInt(arrayAt + i * Integer.BYTES, i);
      }
    } catch (RuntimeException e) {
      owned.closeAfter(e);
      throw e;
    }
  }

  private UnsafeBuffer map(Linux linux, long offset, int length) {
    int protection = Linux.PROT_READ | Linux.PROT_WRITE;
    int flags = Linux.MAP_SHARED | Linux.MAP_POPULATE;
    Mapping mapping = owned.own(linux.map(fd, offset, length, protection, flags));
    return new UnsafeBuffer(mapping.address(), length);
  }

  /** Whether the kernel gives this process such rings. */
  public static boolean isAvailable(Linux linux) {
    try (IoUring ring = new IoUring(linux, 1)) {
      return ring.fd.number() >= 0;
    } catch (ErrnoException e) {
      return false;
    }
  }

  /** Readable while something has ended that has not been reaped, for epoll. */
  public Fd fd() {
    return fd;
  }

  /** Has the kernel signal {@code event} at each completion. */
  public void signal(EventFd event) {
    UnsafeBuffer number = NativeMemory.allocate(Integer.BYTES);
    number.putInt(0, event.fd().number());
    Linux.check(
        syscalls.ioUringRegister(fd.number(), REGISTER_EVENTFD, number.addressOffset(), 1),
        "io_uring_register",
        "eventfd");
  }

  /** Requests that are prepared, and not submitted. */
  public int prepared() {
    return prepared;
  }

  /** Requests that are submitted, and whose end has not been reaped. */
  public int inFlight() {
    return inFlight;
  }

  /**
   * Prepares a request; no more than {@code entries} may be prepared and in flight.
   *
   * @param operation {@link #READV} or {@link #WRITEV}
   * @param address of {@code count} {@code struct iovec}s, read until the request is submitted
   * @param userData names it
   */
  public void prepare(
      int operation, int file, long address, int count, long offset, long userData) {
    int at = (sqTail & sqMask) * SQE_LENGTH;
    sqes.setMemory(at, SQE_LENGTH, (byte) 0);
    sqes.putByte(at + SQE_OPCODE, (byte) operation);
    sqes.putInt(at + SQE_FD, file);
    sqes.putLong(at + SQE_OFFSET, offset);
    sqes.putLong(at + SQE_ADDRESS, address);
    sqes.putInt(at + SQE_COUNT, count);
    sqes.putLong(at + SQE_USER_DATA, userData);
    sqTail++;
    prepared++;
  }

  /**
   * Submits what is prepared.
   *
   * @return 0, or {@code -errno} where some of it is still prepared: EAGAIN and EBUSY where the
   *     kernel is short of room
   */
  public int submit() {
    if (prepared > 0) {
      rings.putIntRelease(sqTailAt, sqTail);
    }
    while (prepared > 0) {
      int taken = syscalls.ioUringEnter(fd.number(), prepared, 0, 0);
      if (taken > 0) {
        prepared -= taken;
        inFlight += taken;
      } else if (taken == 0) {
        return -Errno.EAGAIN.number();
      } else if (!Errno.EINTR.is(taken)) {
        return taken;
      }
    }
    return 0;
  }

  /** Takes back what could not be submitted, the latest first: it ends with {@code error}. */
  public void withdraw(int error, Completion completion) {
    for (int left = prepared; left > 0; left--) {
      prepared--;
      sqTail--;
      rings.putIntRelease(sqTailAt, sqTail);
      completion.completed(sqes.getLong((sqTail & sqMask) * SQE_LENGTH + SQE_USER_DATA), error);
    }
  }

  /** Tells {@code completion} of all that has ended. */
  public void reap(Completion completion) {
    int end = rings.getIntAcquire(cqTailAt);
    if (end == cqHead) {
      return;
    }
    while (cqHead != end) {
      int at = cqesAt + (cqHead & cqMask) * CQE_LENGTH;
      cqHead++;
      inFlight--;
      completion.completed(rings.getLong(at), rings.getInt(at + CQE_RESULT));
    }
    rings.putIntRelease(cqHeadAt, end);
  }

  /** Waits until something has ended, or a signal comes; something must be in flight. */
  public void await() {
    int result = syscalls.ioUringEnter(fd.number(), 0, 1, ENTER_GETEVENTS);
    if (result < 0 && !Errno.EINTR.is(result)) {
      throw new ErrnoException("io_uring_enter", "ring", -result);
    }
  }

  /** Ends the ring; nothing should be in flight. */
  @Override
  public void close() {
    owned.close();
  }
}
