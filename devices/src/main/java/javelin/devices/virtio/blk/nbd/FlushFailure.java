package javelin.devices.virtio.blk.nbd;

import java.util.concurrent.atomic.AtomicInteger;

/** That a flush has failed: what was written before may be lost, so all later ones fail, too. */
final class FlushFailure {
  private final AtomicInteger result = new AtomicInteger();

  /** What flushes end with: 0, or {@code -errno} of the first that failed. */
  int get() {
    return result.get();
  }

  /** A flush has failed with {@code newResult}. */
  void set(int newResult) {
    result.compareAndSet(0, newResult);
  }
}
