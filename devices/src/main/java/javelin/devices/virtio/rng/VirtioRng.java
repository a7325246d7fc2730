package javelin.devices.virtio.rng;

import java.util.function.LongSupplier;
import javelin.devices.virtio.VirtioDevice;
import javelin.devices.virtio.VirtioTransport;
import javelin.devices.virtio.queue.DescriptorChain;
import javelin.devices.virtio.queue.QueueHandler;
import javelin.devices.virtio.queue.Virtqueue;
import javelin.vmm.event.EventLoop;
import javelin.vmm.event.Timer;
import javelin.vmm.linux.Errno;
import javelin.vmm.linux.Syscalls;

/**
 * An entropy device (virtio 1.2, 5.4): the host kernel's random bytes, by getrandom(2) straight
 * into the driver's buffers, at a limited rate where that is wanted.
 *
 * <p>A request gets at most {@value #MOST_BYTES} bytes, as a driver asks again for more; so none
 * keeps the queue for long. State belongs to the queue's lock.
 */
public final class VirtioRng implements VirtioDevice {
  private static final int TYPE = 4;
  private static final int PCI_CLASS = 0x00ff00;
  private static final int QUEUE_SIZE = 64;
  private static final int MOST_BYTES = 4096;

  private final Syscalls syscalls;
  private final EventLoop loop;

  /** Null where the rate is not limited. */
  private final TokenBucket bucket;

  private Timer refill;

  /** A device of unlimited rate. */
  public VirtioRng(EventLoop loop) {
    this(loop, null);
  }

  /**
   * A device of limited rate.
   *
   * @param bytesPerSecond 1 to 2^30
   * @param clock nanoseconds
   */
  public VirtioRng(EventLoop loop, long bytesPerSecond, LongSupplier clock) {
    this(loop, new TokenBucket(bytesPerSecond, clock));
  }

  private VirtioRng(EventLoop loop, TokenBucket bucket) {
    this.loop = loop;
    this.bucket = bucket;
    syscalls = loop.linux().syscalls();
  }

  @Override
  public int type() {
    return TYPE;
  }

  @Override
  public int pciClass() {
    return PCI_CLASS;
  }

  @Override
  public String name() {
    return "virtio-rng";
  }

  @Override
  public long features() {
    return 0;
  }

  @Override
  public int queues() {
    return 1;
  }

  @Override
  public int queueSize() {
    return QUEUE_SIZE;
  }

  @Override
  public int configLength() {
    return 0;
  }

  @Override
  public long readConfig(int offset, int size) {
    return 0;
  }

  @Override
  public QueueHandler handler(int index, VirtioTransport transport) {
    if (bucket != null) {
      refill = loop.timer(() -> transport.kick(index));
    }
    return new Requests(transport);
  }

  private final class Requests implements QueueHandler {
    private final VirtioTransport transport;
    private final DescriptorChain chain = new DescriptorChain(QUEUE_SIZE);

    Requests(VirtioTransport transport) {
      this.transport = transport;
    }

    @Override
    public DescriptorChain free() {
      if (bucket != null && bucket.available() == 0) {
        refill.armAfter(bucket.nanosUntil(MOST_BYTES));
        return null;
      }
      return chain;
    }

    @Override
    public void handle(DescriptorChain request, Virtqueue queue) {
      if (request.readable().count() > 0 || request.writable().count() == 0) {
        queue.fail("a request for entropy has a readable buffer, or no buffer");
        return;
      }
      long most = bucket == null ? MOST_BYTES : Math.min(MOST_BYTES, bucket.available());
      request.writable().limit(most);
      long written = fill(request);
      if (bucket != null) {
        bucket.take(written);
      }
      queue.complete(request.head(), written);
    }

    private long fill(DescriptorChain request) {
      long written = 0;
      while (request.writable().bytes() > 0) {
        long base = request.writable().firstBase();
        long done = syscalls.getrandom(base, request.writable().firstLength(), 0);
        if (done < 0) {
          if (Errno.EINTR.is(done)) {
            continue;
          }
          transport.report("getrandom: " + Errno.describe((int) -done));
          break;
        }
        request.writable().skip(done);
        written += done;
      }
      return written;
    }
  }

  @Override
  public void close() {
    if (refill != null) {
      refill.close();
    }
  }
}
