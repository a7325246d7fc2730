package javelin.vmm.event;

import static org.agrona.BitUtil.SIZE_OF_LONG;

import java.util.concurrent.TimeUnit;
import javelin.vmm.linux.Fd;
import javelin.vmm.linux.Linux;
import javelin.vmm.linux.NativeMemory;
import org.agrona.concurrent.UnsafeBuffer;

/**
 * A timerfd(2) on CLOCK_MONOTONIC whose handler runs on an {@link EventLoop}. Any thread may arm
 * it.
 *
 * <p>{@code struct itimerspec} (uapi linux/time.h): interval seconds and nanoseconds, then first
 * expiry seconds and nanoseconds, 64 bits each.
 */
public final class Timer implements AutoCloseable {
  private static final int CLOCK_MONOTONIC = 1;
  private static final int TFD_FLAGS = Linux.O_CLOEXEC | Linux.O_NONBLOCK;
  private static final int INTERVAL_OFFSET = 0;
  private static final int VALUE_OFFSET = 16;
  private static final int ITIMERSPEC_LENGTH = 32;
  private static final long NANOS_PER_SECOND = TimeUnit.SECONDS.toNanos(1);

  private final Linux linux;
  private final Fd fd;
  private final EventLoop.Watch watch;
  private final UnsafeBuffer expirations = NativeMemory.allocate(SIZE_OF_LONG);

  /** Guarded by this object's lock. */
  private final UnsafeBuffer spec = NativeMemory.allocate(ITIMERSPEC_LENGTH);

  Timer(EventLoop loop, Runnable handler) {
    linux = loop.linux();
    fd = linux.own(linux.syscalls().timerfdCreate(CLOCK_MONOTONIC, TFD_FLAGS), "timerfd", "");
    try {
      watch =
          loop.watch(
              fd,
              EventLoop.READABLE,
              events -> {
                // Nothing to read where the timer was armed anew since: then it has not expired.
                if (linux.syscalls().read(fd.number(), expirations.addressOffset(), SIZE_OF_LONG)
                    == SIZE_OF_LONG) {
                  handler.run();
                }
              });
    } catch (RuntimeException e) {
      fd.close();
      throw e;
    }
  }

  /** Fires once, {@code nanos} from now; 0 or less fires at once. */
  public void armAfter(long nanos) {
    set(Math.max(nanos, 1), 0);
  }

  /** Fires each {@code nanos}, first after that time. */
  public void armPeriodic(long nanos) {
    set(Math.max(nanos, 1), Math.max(nanos, 1));
  }

  /** Fires no more until armed again. */
  public void cancel() {
    set(0, 0);
  }

  private synchronized void set(long first, long interval) {
    put(INTERVAL_OFFSET, interval);
    put(VALUE_OFFSET, first);
    Linux.check(
        linux.syscalls().timerfdSettime(fd.number(), 0, spec.addressOffset()),
        "timerfd_settime",
        "");
  }

  private void put(int offset, long nanos) {
    spec.putLong(offset, nanos / NANOS_PER_SECOND);
    spec.putLong(offset + SIZE_OF_LONG, nanos % NANOS_PER_SECOND);
  }

  @Override
  public void close() {
    try {
      watch.close();
    } finally {
      fd.close();
    }
  }
}
