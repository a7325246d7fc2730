package javelin.devices.virtio.queue;

/**
 * One queue between the driver and the device, whatever the layout of its ring (virtio 1.2, 2.6 to
 * 2.8).
 *
 * <p>A ring that breaks the rules breaks the queue: it says why in {@link #problem}, and from then
 * on gives no request, and takes back only those that it has given. No method throws for what is in
 * guest RAM, and none allocates, except to say what broke. For one thread at a time.
 */
public interface Virtqueue {
  /** The most buffers in a chain, and the most chains in flight. */
  int size();

  /**
   * Takes the next request that the driver has made available.
   *
   * @param chain filled where there is one
   * @return whether there is one; false also where the queue is broken
   */
  boolean next(DescriptorChain chain);

  /**
   * Whether there is a request to take. Unlike {@link #wantNotifications} it leaves it to the
   * driver whether to notify.
   */
  boolean hasNext();

  /** Whether requests were handed back that {@link #publish} has not shown yet. */
  boolean hasCompleted();

  /**
   * Hands a request back; the driver sees it after {@link #publish}.
   *
   * @param head {@link DescriptorChain#head()} of the request
   * @param written bytes that the device wrote at the front of the writable buffers
   */
  void complete(int head, long written);

  /**
   * Shows the driver all that was completed since the last time.
   *
   * @return whether the driver wants to be interrupted for it
   */
  boolean publish();

  /** Tells the driver that it need not notify. */
  void suppressNotifications();

  /**
   * Tells the driver that it shall notify.
   *
   * @return whether a request is there already, for which it may not have done so
   */
  boolean wantNotifications();

  /** Breaks the queue; the first reason stays. */
  void fail(String reason);

  /** Why the queue is broken, or null. */
  String problem();
}
