package javelin.devices.virtio.bench;

import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;
import javelin.devices.virtio.VirtioDevice;
import javelin.devices.virtio.VirtioTransport;
import javelin.devices.virtio.queue.DescriptorChain;
import javelin.devices.virtio.queue.QueueHandler;
import javelin.devices.virtio.queue.Virtqueue;
import org.agrona.concurrent.UnsafeBuffer;

/** A device that writes what it reads, 8 bytes a request, and can be told to take its time. */
public final class EchoDevice implements VirtioDevice {
  public static final int TYPE = 42;

  /** A feature of its own. */
  public static final long FEATURE = 1;

  public static final int QUEUE_SIZE = 16;
  private static final int BYTES = 8;

  private final int queues;
  private final long pollNanos;
  private volatile CountDownLatch reached;
  private volatile CountDownLatch released;
  private volatile boolean isThrowing;
  private volatile boolean isStream;
  private volatile int config = 0x1234_5678;
  public final AtomicInteger resets = new AtomicInteger();
  public final AtomicInteger handled = new AtomicInteger();
  public volatile boolean isClosed;

  /** The way to the driver. */
  public volatile VirtioTransport transport;

  /** With {@code queues} queues. */
  public EchoDevice(int queues) {
    this(queues, 0);
  }

  /** With {@code queues} queues that are polled for so long at most. */
  public EchoDevice(int queues, long pollNanos) {
    this.queues = queues;
    this.pollNanos = pollNanos;
  }

  @Override
  public long pollNanos() {
    return pollNanos;
  }

  /** The next request is held until {@link #release}. */
  public void hold() {
    reached = new CountDownLatch(1);
    released = new CountDownLatch(1);
  }

  /** Returns when a request is being held. */
  public void awaitHeld() throws InterruptedException {
    if (!reached.await(10, TimeUnit.SECONDS)) {
      throw new AssertionError("no request has come");
    }
  }

  /** Lets the held request go on. */
  public void release() {
    released.countDown();
  }

  /** Each request from now on ends in an exception. */
  public void fail() {
    isThrowing = true;
  }

  /** From now on its requests are taken to come one after another. */
  public void stream() {
    isStream = true;
  }

  @Override
  public int type() {
    return TYPE;
  }

  @Override
  public int pciClass() {
    return 0xff0000;
  }

  @Override
  public String name() {
    return "virtio-echo";
  }

  @Override
  public long features() {
    return FEATURE;
  }

  @Override
  public int queues() {
    return queues;
  }

  @Override
  public int queueSize() {
    return QUEUE_SIZE;
  }

  @Override
  public int configLength() {
    return Long.BYTES;
  }

  @Override
  public long readConfig(int offset, int size) {
    return offset == 0 ? config : 0x9abc_def0L;
  }

  @Override
  public void writeConfig(int offset, int size, long value) {
    if (offset == 0 && size == Integer.BYTES) {
      config = (int) value;
    }
  }

  @Override
  public QueueHandler handler(int index, VirtioTransport toDriver) {
    transport = toDriver;
    DescriptorChain chain = new DescriptorChain(QUEUE_SIZE);
    UnsafeBuffer bytes = new UnsafeBuffer(new byte[BYTES]);
    return new QueueHandler() {
      @Override
      public DescriptorChain free() {
        return chain;
      }

      @Override
      public void handle(DescriptorChain request, Virtqueue queue) {
        pause();
        int length = request.readable().read(bytes, 0, BYTES);
        queue.complete(request.head(), request.writable().write(bytes, 0, length));
        handled.incrementAndGet();
      }

      @Override
      public boolean isStream() {
        return isStream;
      }
    };
  }

  private void pause() {
    if (isThrowing) {
      throw new IllegalStateException("as the test wants it");
    }
    CountDownLatch until = released;
    if (until != null && until.getCount() > 0) {
      reached.countDown();
      try {
        until.await();
      } catch (InterruptedException e) {
        throw new AssertionError(e);
      }
    }
  }

  @Override
  public void reset() {
    resets.incrementAndGet();
  }

  @Override
  public void close() {
    isClosed = true;
  }
}
