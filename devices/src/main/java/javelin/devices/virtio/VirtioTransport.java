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

  /**
   * What raises the interrupt of queue {@code index} in KVM, for whoever serves the queue to signal
   * it; null where {@link javelin.devices.virtio.queue.QueueRunner.Owner#interrupt} is the only
   * way. It stays the transport's, and is the queue's until that is stopped.
   */
  default EventFd interruptEvent(int index) {
    return null;
  }

  /** The device works no longer, for the reason that the user is told: it needs a reset. */
  default void broken(String problem) {
    report(problem);
  }

  /** Tells the user, in a line, what went wrong; a guest cannot flood anyone with it. */
  void report(String problem);
}
