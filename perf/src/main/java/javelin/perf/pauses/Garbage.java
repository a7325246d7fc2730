package javelin.perf.pauses;

import java.util.concurrent.atomic.AtomicLong;
import java.util.concurrent.locks.LockSupport;

/**
 * A thread that allocates as a busy control plane would, and much more: 1 KiB every few
 * microseconds, of which the last 4 MiB are alive.
 */
final class Garbage implements AutoCloseable {
  private static final int PIECE = 1024;
  private static final int ALIVE = 4096;
  private static final int BATCH = 100;
  private static final long REST_NANOS = 200_000;

  private final byte[][] alive = new byte[ALIVE][];
  private final AtomicLong pieces = new AtomicLong();
  private final Thread thread = new Thread(this::run, "control plane");
  private volatile boolean isOver;

  Garbage() {
    thread.setDaemon(true);
    thread.start();
  }

  private void run() {
    long count = 0;
    while (!isOver) {
      for (int i = 0; i < BATCH; i++, count++) {
        alive[(int) (count % ALIVE)] = new byte[PIECE];
      }
      pieces.set(count);
      LockSupport.parkNanos(REST_NANOS);
    }
  }

  /** Bytes that were allocated so far. */
  long bytes() {
    return pieces.get() * PIECE;
  }

  @Override
  public void close() {
    isOver = true;
    try {
      thread.join();
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
    }
  }
}
