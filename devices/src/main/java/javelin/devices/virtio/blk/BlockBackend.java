package javelin.devices.virtio.blk;

import java.util.function.Supplier;
import javelin.vmm.event.EventLoop;
import javelin.vmm.linux.EventFd;

/**
 * What the bytes of a disk are on. Each queue has a channel of its own to it, so that queues need
 * not wait for each other.
 */
public interface BlockBackend extends AutoCloseable {
  /** Bytes of the disk. */
  long length();

  /** The smallest unit of the host's, in bytes: a power of two from 512. */
  int logicalBlock();

  /** The unit that the host writes without reading first, in bytes: a power of two as above. */
  int physicalBlock();

  /** Whether writes are refused. */
  boolean isReadOnly();

  /** Whether it makes a write durable that asks for that ({@link BlockRequest#durable}). */
  default boolean hasDurableWrites() {
    return false;
  }

  /**
   * A way to the disk.
   *
   * @param wake what has {@link Channel#collect} called soon, on the queue's thread, when any
   *     thread or the kernel signals it; not to be asked for before the first request
   */
  Channel channel(Supplier<EventFd> wake);

  /** Closes the disk, after its channels. */
  @Override
  void close();

  /** One queue's way to the disk. Called with the queue's lock held. */
  interface Channel extends AutoCloseable {
    /**
     * Takes a request, all of which lies inside the disk; it starts now, or with {@link #commit}.
     * It ends by {@link BlockRequest#finish}, called before this returns, or in any other method.
     * Once a flush has failed, all later ones fail, too. A request that ends with ENOTCONN ends so
     * because the disk is gone, of which the backend has told the user itself.
     */
    void submit(BlockRequest request);

    /**
     * Has {@code serve} called on {@code loop}, which serves the queue and so calls {@link
     * #collect}, where that is a shorter way than the queue's eventfd. To be called once, at first.
     */
    default void serveOn(EventLoop loop, Runnable serve) {}

    /** Starts the requests that have been taken. */
    default void commit() {}

    /** Finishes the requests that are done. */
    default void collect() {}

    /** Finishes all requests, waiting for those that are not done. */
    default void drain() {}

    @Override
    default void close() {}
  }
}
