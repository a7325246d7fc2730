package javelin.devices.virtio.net;

/** The network of the host's that a device is on, by one or more pairs of queues. */
public interface NetBackend extends AutoCloseable {
  /** What it is called in messages, such as {@code "tap0"}. */
  String name();

  /** Number of pairs. */
  int pairs();

  /** The features of {@link NetFeature} about checksums and segments that it can serve. */
  long features();

  /** Where the packets of pair {@code index} come from; asked for once. */
  NetSource source(int index);

  /** Where the packets of pair {@code index} go to; asked for once. */
  NetSink sink(int index);

  /**
   * Gives the driver such packets only as it takes.
   *
   * @param accepted features of {@link NetFeature}
   * @throws javelin.vmm.linux.ErrnoException where the host does not go along
   */
  default void negotiated(long accepted) {}

  /**
   * Brings packets for the first {@code count} pairs only.
   *
   * @return whether the host goes along; where not, the pairs stay as they were
   */
  default boolean use(int count) {
    return count == 1;
  }

  /** Ends it, after its device. */
  @Override
  void close();
}
