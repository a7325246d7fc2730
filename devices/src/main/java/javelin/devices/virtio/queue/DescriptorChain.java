package javelin.devices.virtio.queue;

/**
 * One request of the driver: buffers that the device reads, then buffers that it writes. It is made
 * once and filled by {@link Virtqueue#next} again and again.
 *
 * <p>For one thread at a time.
 */
public final class DescriptorChain {
  private final IoVector readable;
  private final IoVector writable;
  private int head;

  /** Room for {@code capacity} buffers: the size of the queue. */
  public DescriptorChain(int capacity) {
    readable = new IoVector(capacity);
    writable = new IoVector(capacity);
  }

  /** Starts anew, for the request that {@code newHead} names. */
  void clear(int newHead) {
    head = newHead;
    readable.clear();
    writable.clear();
  }

  /** What names the request, where only its last descriptor says so. */
  void head(int newHead) {
    head = newHead;
  }

  /** What names the request in its ring; nothing but {@link Virtqueue#complete} reads it. */
  public int head() {
    return head;
  }

  /** What the driver has for the device to read. */
  public IoVector readable() {
    return readable;
  }

  /** What the device is to write. */
  public IoVector writable() {
    return writable;
  }
}
