package javelin.perf.exits;

import java.util.Arrays;
import javelin.vmm.bus.IoHandler;

/**
 * Takes the time from each write to the next one: of an exit, its handling, the way back into the
 * guest and whatever the guest does until it leaves again. For one vCPU's thread. Allocates nothing
 * while the guest writes.
 */
final class TimedWrites implements IoHandler {
  private final long[] nanos;
  private int size;
  private long last;

  /** Keeps the times of up to {@code capacity} writes. */
  TimedWrites(int capacity) {
    nanos = new long[capacity];
  }

  /** Forgets all times; the next write's counts from now. */
  void start() {
    size = 0;
    last = System.nanoTime();
  }

  /** The times so far, in ns. */
  long[] nanos() {
    return Arrays.copyOf(nanos, size);
  }

  @Override
  public long read(long offset, int bytes) {
    return -1;
  }

  @Override
  public void write(long offset, int bytes, long value) {
    long now = System.nanoTime();
    if (size < nanos.length) {
      nanos[size++] = now - last;
    }
    last = now;
  }
}
