package javelin.devices.virtio.blk.nbd;

import java.util.concurrent.TimeUnit;
import javelin.vmm.linux.Errno;
import javelin.vmm.linux.Fd;
import javelin.vmm.linux.Linux;
import javelin.vmm.linux.Readiness;
import javelin.vmm.linux.Syscalls;
import org.agrona.concurrent.UnsafeBuffer;

/**
 * A non-blocking socket that is read and written with one time limit for all. For one thread; the
 * socket stays the caller's.
 */
final class HandshakeSocket {
  private final Fd fd;
  private final Syscalls syscalls;
  private final Readiness readiness;
  private final long seconds;
  private final long deadline;

  /** {@code seconds} from now on are left. */
  HandshakeSocket(Fd fd, long seconds) {
    this.fd = fd;
    this.seconds = seconds;
    syscalls = fd.linux().syscalls();
    deadline = System.nanoTime() + TimeUnit.SECONDS.toNanos(seconds);
    readiness = new Readiness(fd);
  }

  private void await(boolean forWriting) {
    long left = TimeUnit.NANOSECONDS.toMillis(deadline - System.nanoTime());
    if (left <= 0 || !readiness.await(forWriting, left)) {
      throw new NbdException("the server does not answer within " + seconds + " s");
    }
  }

  private long check(long result, String call, boolean forWriting) {
    if (Errno.EAGAIN.is(result)) {
      await(forWriting);
    } else if (!Errno.EINTR.is(result)) {
      return Linux.check(result, call, fd.subject());
    }
    return 0;
  }

  /**
   * Reads {@code length} bytes into {@code target}.
   *
   * @throws NbdException where the server closes the connection before, or the time is over
   */
  void read(UnsafeBuffer target, int length) {
    int done = 0;
    while (done < length) {
      long result = syscalls.read(fd.number(), target.addressOffset() + done, length - done);
      if (result == 0) {
        throw new NbdException(
            "the server closes the connection: it has no room, or speaks no NBD");
      }
      done += (int) check(result, "read", false);
    }
  }

  /** Writes the first {@code length} bytes of {@code source}. */
  void write(UnsafeBuffer source, int length) {
    // Until a connection is there, poll tells of it as of room to write.
    int done = 0;
    while (done < length) {
      long result = syscalls.write(fd.number(), source.addressOffset() + done, length - done);
      done += (int) check(result, "write", true);
    }
  }
}
