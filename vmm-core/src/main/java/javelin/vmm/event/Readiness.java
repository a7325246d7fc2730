package javelin.vmm.event;

import javelin.vmm.linux.Errno;
import javelin.vmm.linux.Fd;
import javelin.vmm.linux.Linux;
import javelin.vmm.linux.NativeMemory;
import javelin.vmm.linux.Syscalls;
import org.agrona.concurrent.UnsafeBuffer;

/**
 * Waits on the caller's thread, and not for ever, until a non-blocking descriptor can be read or
 * written. For one thread at a time; closing it leaves the descriptor open.
 */
public final class Readiness implements AutoCloseable {
  private static final int EPOLL_CTL_ADD = 1;
  private static final int EPOLL_CTL_MOD = 3;

  /** {@code struct epoll_event} (uapi linux/eventpoll.h): u32 events, u64 data, packed. */
  private static final int EVENT_LENGTH = 12;

  private final Fd fd;
  private final Syscalls syscalls;
  private final Fd epoll;
  private final UnsafeBuffer event = NativeMemory.allocate(EVENT_LENGTH);

  /** Waits for {@code fd}. */
  public Readiness(Fd fd) {
    this.fd = fd;
    syscalls = fd.linux().syscalls();
    epoll = fd.linux().own(syscalls.epollCreate(Linux.O_CLOEXEC), "epoll_create1", fd.subject());
    try {
      control(EPOLL_CTL_ADD, 0);
    } catch (RuntimeException e) {
      epoll.close();
      throw e;
    }
  }

  private void control(int operation, int events) {
    event.putInt(0, events);
    Linux.check(
        syscalls.epollCtl(epoll.number(), operation, fd.number(), event.addressOffset()),
        "epoll_ctl",
        fd.subject());
  }

  /**
   * Waits for {@code events}, a mask of the constants of {@link EventLoop}, an error, or the end of
   * {@code millis}.
   *
   * @return whether the descriptor may be tried again; false where the time is over
   */
  public boolean await(int events, long millis) {
    if (millis <= 0) {
      return false;
    }
    control(EPOLL_CTL_MOD, events);
    int most = (int) Math.min(millis, Integer.MAX_VALUE);
    int result = syscalls.epollWait(epoll.number(), event.addressOffset(), 1, most);
    return Errno.EINTR.is(result) || Linux.check(result, "epoll_wait", fd.subject()) > 0;
  }

  @Override
  public void close() {
    epoll.close();
  }
}
