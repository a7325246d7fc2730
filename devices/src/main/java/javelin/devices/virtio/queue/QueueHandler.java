package javelin.devices.virtio.queue;

/**
 * What a device does with the requests of one queue. Called by the {@link QueueRunner} with its
 * lock held; throws for nothing that the guest does.
 */
public interface QueueHandler {
  /**
   * Where the next request goes.
   *
   * @return a chain that no request is in, with room for the queue's size; null where the device
   *     takes none for now, and kicks the queue when it does again
   */
  DescriptorChain free();

  /**
   * Serves the request in the chain that {@link #free} gave last: completes it now, or later in
   * {@link #collect}. A request that is no request at all fails the queue.
   */
  void handle(DescriptorChain chain, Virtqueue queue);

  /** Completes what has finished since; called first each time the queue is served. */
  default void collect(Virtqueue queue) {}

  /** Starts what {@link #handle} and {@link #collect} have held back; called after each batch. */
  default void commit(Virtqueue queue) {}

  /** The queue is not served for now, and need not be asked for: not before the next kick. */
  default void rest() {}

  /**
   * Whether the requests of this queue come one after another for as long as they come: where some
   * have been served, the driver is asked for notifications only when none has come by the loop's
   * next turn. That spares a driver that is a little slower than the device one exit a request.
   */
  default boolean isStream() {
    return false;
  }

  /** Returns when nothing is in flight any more; {@code queue} is given up. */
  default void drain(Virtqueue queue) {}
}
