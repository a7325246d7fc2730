package javelin.devices.virtio;

import javelin.devices.virtio.queue.RingAddresses;
import javelin.vmm.linux.EventFd;

/**
 * Serves one queue of a device, from each start to the next stop. Called with the lock of the
 * {@link VirtioState} held, but for {@link #event}, {@link #kick} and {@link #serveNow}.
 */
public interface QueueService extends AutoCloseable {
  /** What the driver's notifications signal; open until this is closed. */
  EventFd event();

  /** Has the queue served soon. Any thread may call. */
  void kick();

  /** Serves the queue at once, if it is served here; called on the queue's loop, without locks. */
  void serveNow();

  /**
   * Serves a queue from its start on.
   *
   * @param ring as the driver has set it up, wherever that is
   * @param features that were negotiated
   */
  void start(RingAddresses ring, long features);

  /** Serves it no longer; guest RAM is not touched any more. */
  void stop();

  /** Leaves guest RAM alone until {@link #resume}. */
  void pause();

  /** Goes on after {@link #pause}. */
  void resume();

  /** Stops, for good. */
  @Override
  void close();
}
