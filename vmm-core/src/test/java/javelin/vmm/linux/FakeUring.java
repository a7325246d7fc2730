package javelin.vmm.linux;

import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Deque;
import java.util.List;
import org.agrona.concurrent.UnsafeBuffer;

/**
 * One io_uring behind a {@link FakeSyscalls} (uapi linux/io_uring.h): readv and writev on its
 * files, done when they are submitted unless told otherwise.
 *
 * <p>Threads: any; the object's lock guards it, and is taken inside the fake's.
 */
public final class FakeUring {
  private static final int ENTRIES = 256;
  private static final int SQ_HEAD = 0;
  private static final int SQ_TAIL = 4;
  private static final int CQ_TAIL = 12;
  private static final int CQ_HEAD = 8;
  private static final int ARRAY = 64;
  private static final int CQES = ARRAY + ENTRIES * 4;
  private static final int RINGS_LENGTH = CQES + 2 * ENTRIES * 16;
  private static final int SQES_LENGTH = ENTRIES * 64;
  private static final int GETEVENTS = 1;
  private static final int WRITEV = 2;

  private record Sqe(int operation, int fd, long offset, long address, int count, long data) {}

  private final FakeSyscalls syscalls;
  private final Deque<Integer> results = new ArrayDeque<>();
  private final Deque<Integer> refusals = new ArrayDeque<>();
  private final List<Sqe> held = new ArrayList<>();
  private boolean isHolding;
  private int features = -1;
  private int eventFd = -1;
  private int enters;
  private int most = ENTRIES;

  /** Answers the calls of {@code syscalls}. */
  public FakeUring(FakeSyscalls syscalls) {
    this.syscalls = syscalls;
    syscalls.answer("ioUringSetup", arguments -> setup((long) arguments[1]));
    syscalls.answer("ioUringRegister", arguments -> register((long) arguments[2]));
    syscalls.answer(
        "ioUringEnter",
        arguments -> enter((int) (long) arguments[1], ((long) arguments[3] & GETEVENTS) != 0));
  }

  /** The kernel has these features only. */
  public synchronized FakeUring features(int bits) {
    features = bits;
    return this;
  }

  /** The next requests end with these, and do nothing. */
  public synchronized void end(int... next) {
    for (int result : next) {
      results.add(result);
    }
  }

  /** The next calls that submit return these, and take nothing. */
  public synchronized void refuse(Errno... errnos) {
    for (Errno errno : errnos) {
      refusals.add(-errno.number());
    }
  }

  /** Each call takes so many requests, and no more. */
  public synchronized void takeAtMost(int requests) {
    most = requests;
  }

  /** Requests stay in flight until someone waits for them. */
  public synchronized void hold() {
    isHolding = true;
  }

  /** Requests in flight. */
  public synchronized int held() {
    return held.size();
  }

  /** How often requests were submitted. */
  public synchronized int enters() {
    return enters;
  }

  private synchronized long setup(long address) {
    UnsafeBuffer params = new UnsafeBuffer(address, 120);
    params.putInt(0, ENTRIES);
    params.putInt(4, 2 * ENTRIES);
    params.putInt(20, features);
    params.putInt(40, SQ_HEAD);
    params.putInt(44, SQ_TAIL);
    params.putInt(64, ARRAY);
    params.putInt(80, CQ_HEAD);
    params.putInt(84, CQ_TAIL);
    params.putInt(100, CQES);
    return syscalls.openRing("io_uring");
  }

  private synchronized long register(long address) {
    eventFd = new UnsafeBuffer(address, Integer.BYTES).getInt(0);
    return 0;
  }

  private UnsafeBuffer mapping(int length) {
    return syscalls.mappings().entrySet().stream()
        .filter(entry -> entry.getValue() == length)
        .map(entry -> new UnsafeBuffer(entry.getKey(), length))
        .findFirst()
        .orElseThrow();
  }

  private synchronized long enter(int submit, boolean isWaiting) {
    if (submit > 0) {
      enters++;
      if (!refusals.isEmpty()) {
        return refusals.remove();
      }
    }
    UnsafeBuffer rings = mapping(RINGS_LENGTH);
    UnsafeBuffer sqes = mapping(SQES_LENGTH);
    int taken = Math.min(submit, most);
    for (int i = 0; i < taken; i++) {
      int head = rings.getInt(SQ_HEAD);
      if (head == rings.getInt(SQ_TAIL)) {
        throw new IllegalStateException("fewer requests than the call says");
      }
      int at = 64 * rings.getInt(ARRAY + 4 * (head & ENTRIES - 1));
      held.add(
          new Sqe(
              sqes.getByte(at),
              sqes.getInt(at + 4),
              sqes.getLong(at + 8),
              sqes.getLong(at + 16),
              sqes.getInt(at + 24),
              sqes.getLong(at + 32)));
      rings.putInt(SQ_HEAD, head + 1);
    }
    if (!isHolding || isWaiting) {
      held.forEach(sqe -> complete(rings, sqe));
      held.clear();
    }
    return taken;
  }

  private void complete(UnsafeBuffer rings, Sqe sqe) {
    Integer scripted = results.poll();
    int tail = rings.getInt(CQ_TAIL);
    int at = CQES + 16 * (tail & 2 * ENTRIES - 1);
    rings.putLong(at, sqe.data);
    rings.putInt(at + 8, scripted == null ? (int) perform(sqe) : scripted);
    rings.putInt(CQ_TAIL, tail + 1);
    if (eventFd >= 0) {
      syscalls.expire(eventFd);
    }
  }

  private long perform(Sqe sqe) {
    return sqe.operation == WRITEV
        ? syscalls.pwritev(sqe.fd, sqe.address, sqe.count, sqe.offset)
        : syscalls.preadv(sqe.fd, sqe.address, sqe.count, sqe.offset);
  }
}
