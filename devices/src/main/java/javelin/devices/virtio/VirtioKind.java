package javelin.devices.virtio;

/**
 * A kind of device, apart from how the driver reaches it, and from who serves its queues (virtio
 * 1.2, 5).
 *
 * <p>Its configuration space is read and written on vCPU threads, several at a time.
 */
public interface VirtioKind extends AutoCloseable {
  /** The device ID (virtio 1.2, 5). */
  int type();

  /** Class code of the PCI function: class, subclass and programming interface. */
  int pciClass();

  /** What it is called in messages, such as {@code "virtio-blk"}. */
  String name();

  /** The features of its kind that it offers. */
  long features();

  /** The features of {@link VirtioFeature} that whoever serves its queues can do. */
  default long queueFeatures() {
    return VirtioFeature.COMMON;
  }

  /** Number of queues, 1 to {@link VirtioState#MAX_QUEUES}. */
  int queues();

  /** The largest size of each queue, a power of two. */
  int queueSize();

  /** What serves queue {@code index}; asked for once, the caller closes it before the device. */
  QueueService service(int index, QueueContext context);

  /** Bytes of the configuration space. */
  int configLength();

  /**
   * A read of the configuration space.
   *
   * @param size 1, 2, 4 or 8 bytes, not beyond the end
   */
  long readConfig(int offset, int size);

  /** A write to it, as {@link #readConfig}; devices without a writable field ignore it. */
  default void writeConfig(int offset, int size, long value) {}

  /** The driver has accepted {@code features}, of its kind and of all kinds. */
  default void negotiated(long features) {}

  /** Back to power-on; all queues are stopped. */
  default void reset() {}

  /** Ends what it has of the host; all queues are stopped. */
  @Override
  void close();
}
