package javelin.devices.virtio;

import javelin.vmm.linux.EventFd;

/** What a device sees of the way to its driver. Any thread may call. */
public interface VirtioTransport {
  /** Has queue {@code index} served soon. */
  void kick(int index);

  /**
   * What {@link #kick} signals, for the kernel to signal it. Not to be asked for before the queue's
   * first request; it stays open until the queue is drained for good.
   */
  EventFd event(int index);

  /**
   * Serves queue {@code index} at once, without the way through its eventfd. Call it from what
   * watches a descriptor on the queue's loop, without locks.
   */
  void serve(int index);

  /** The configuration space has changed: the driver is told, once it is ready. */
  void configChanged();

  /** Tells the user, in a line, what went wrong; a guest cannot flood anyone with it. */
  void report(String problem);
}
