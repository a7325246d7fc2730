package javelin.vmm.linux;

import java.util.concurrent.TimeUnit;
import org.agrona.concurrent.UnsafeBuffer;

/**
 * Waits on the caller's thread, and not for ever, until a non-blocking descriptor can be read or
 * written (poll(2)). Allocates nothing once it is made. For one thread at a time.
 *
 * <pre>
 * struct pollfd: u32 fd, u16 events, u16 revents
 * </pre>
 */
public final class Readiness {
  /** uapi asm-generic/poll.h. */
  private static final short POLLIN = 1;

  private static final short POLLOUT = 4;

  private static final int EVENTS = 4;
  private static final int LENGTH = 8;

  private final Fd fd;
  private final Syscalls syscalls;
  private final UnsafeBuffer poll = NativeMemory.allocate(LENGTH);

  /** Waits for {@code fd}, which stays the caller's. */
  public Readiness(Fd fd) {
    this.fd = fd;
    syscalls = fd.linux().syscalls();
  }

  /**
   * Waits until there is something to read, or the end of {@code millis}.
   *
   * @param forWriting waits for room to write instead
   * @param millis the longest time; 0 looks only, as does less
   * @return whether the descriptor may be tried again, also where its peer is gone; false where the
   *     time is over
   * @throws ErrnoException where it cannot be waited for
   */
  public boolean await(boolean forWriting, long millis) {
    long deadline = System.nanoTime() + TimeUnit.MILLISECONDS.toNanos(millis);
    long left = millis;
    while (true) {
      poll.putInt(0, fd.number());
      // With it the events that came, which are 0 then.
      poll.putInt(EVENTS, forWriting ? POLLOUT : POLLIN);
      int most = (int) Math.max(0, Math.min(left, Integer.MAX_VALUE));
      int result = syscalls.poll(poll.addressOffset(), 1, most);
      if (!Errno.EINTR.is(result)) {
        return Linux.check(result, "poll", fd.subject()) > 0;
      }
      left = TimeUnit.NANOSECONDS.toMillis(deadline - System.nanoTime());
    }
  }
}
