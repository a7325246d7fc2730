package javelin.vmm.linux;

import java.util.concurrent.atomic.AtomicInteger;

/**
 * Owner of one file descriptor. Closing twice is harmless, and use after closing fails with EBADF:
 * it never reaches a descriptor that the kernel has given the same number since.
 */
public final class Fd implements AutoCloseable {
  private static final int CLOSED = -1;

  private final Linux linux;
  private final AtomicInteger number;
  private final String subject;

  Fd(Linux linux, int number, String subject) {
    this.linux = linux;
    this.number = new AtomicInteger(number);
    this.subject = subject;
  }

  /** The descriptor's number; -1 once it is closed. */
  public int number() {
    return number.get();
  }

  /** What the descriptor is of, for messages: a path, or {@code "eventfd"}. */
  public String subject() {
    return subject;
  }

  /** The calls that this descriptor was made with. */
  public Linux linux() {
    return linux;
  }

  /**
   * ioctl(2) on the control plane.
   *
   * @param name the request's name, for the error
   * @return what the call returned, 0 or above
   * @throws ErrnoException where it failed
   */
  public int ioctl(String name, long request, long argument) {
    return (int) Linux.check(linux.syscalls().ioctl(number(), request, argument), name, subject);
  }

  @Override
  public void close() {
    int open = number.getAndSet(CLOSED);
    if (open != CLOSED) {
      int result = linux.syscalls().close(open);
      // EINTR leaves the descriptor closed on Linux; there is nothing to do again.
      if (result < 0 && !Errno.EINTR.is(result)) {
        throw new ErrnoException("close", subject, -result);
      }
    }
  }

  @Override
  public String toString() {
    return subject + " (fd " + number() + ")";
  }
}
