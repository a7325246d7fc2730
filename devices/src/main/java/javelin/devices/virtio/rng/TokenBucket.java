package javelin.devices.virtio.rng;

import java.util.concurrent.TimeUnit;
import java.util.function.LongSupplier;

/**
 * A rate of bytes: what is not used in a second is saved, but never more than a second's worth.
 * Allocates nothing. For one thread at a time.
 */
final class TokenBucket {
  private static final long SECOND = TimeUnit.SECONDS.toNanos(1);

  private final long rate;
  private final LongSupplier clock;
  private long tokens;
  private long filled;

  /**
   * A full bucket.
   *
   * @param rate bytes a second, 1 to 2^30
   * @param clock nanoseconds
   */
  TokenBucket(long rate, LongSupplier clock) {
    if (rate < 1 || rate > 1 << 30) {
      throw new IllegalArgumentException("a rate is 1 byte to 1 GiB a second");
    }
    this.rate = rate;
    this.clock = clock;
    tokens = rate;
    filled = clock.getAsLong();
  }

  /** Bytes that may be used now. */
  long available() {
    long passed = Math.min(clock.getAsLong() - filled, SECOND);
    long more = passed * rate / SECOND;
    if (more > 0) {
      tokens = Math.min(rate, tokens + more);
      filled = tokens == rate ? clock.getAsLong() : filled + more * SECOND / rate;
    }
    return tokens;
  }

  /** Uses {@code bytes}, no more than are available. */
  void take(long bytes) {
    tokens -= bytes;
  }

  /** Nanoseconds until {@code bytes} are available, up to a second's worth. */
  long nanosUntil(long bytes) {
    long missing = Math.min(bytes, rate) - available();
    return missing <= 0 ? 0 : (missing * SECOND + rate - 1) / rate;
  }
}
