package javelin.devices.virtio.vhost;

import java.util.ArrayList;
import java.util.List;
import javelin.devices.virtio.QueueContext;
import javelin.devices.virtio.QueueServer;
import javelin.devices.virtio.QueueService;
import javelin.devices.virtio.RemoteQueue;
import javelin.devices.virtio.RemoteRing;
import javelin.devices.virtio.VirtioFeature;
import javelin.vmm.event.EventLoop;
import javelin.vmm.linux.Errno;
import javelin.vmm.linux.ErrnoException;
import javelin.vmm.linux.EventFd;
import javelin.vmm.linux.Fd;
import javelin.vmm.linux.Linux;
import javelin.vmm.linux.Resources;
import javelin.vmm.memory.GuestMemory;
import javelin.vmm.memory.MemoryListener;
import javelin.vmm.memory.RamRegion;

/**
 * The kernel's vhost-net: it moves packets between a tap and guest RAM itself, from the driver's
 * notification to its interrupt, so that nothing of that passes this process. It serves split rings
 * only.
 *
 * <p>Threads: queues are started and stopped under the lock of the device's state; guest RAM comes
 * and goes under its own.
 */
public final class VhostNet implements AutoCloseable {
  /** The device that it is had from. */
  public static final String DEVICE = VhostPair.DEVICE;

  private static final long OF_RINGS =
      VirtioFeature.VERSION_1 | VirtioFeature.INDIRECT_DESC | VirtioFeature.EVENT_IDX;

  private final GuestMemory memory;
  private final List<VhostPair> pairs = new ArrayList<>();
  private final Resources owned = new Resources();
  private final Regions regions = new Regions();
  private final long features;

  /**
   * Opens it for a device.
   *
   * @param taps a descriptor of the tap for each pair of queues; they stay the caller's, and open
   *     for longer than this
   * @throws ErrnoException naming the call that the kernel refused
   */
  public VhostNet(Linux linux, GuestMemory memory, List<Fd> taps) {
    this.memory = memory;
    try {
      for (Fd tap : taps) {
        pairs.add(owned.own(new VhostPair(linux, tap)));
      }
      features = pairs.stream().mapToLong(VhostPair::features).reduce(-1, (a, b) -> a & b);
      if ((features & VirtioFeature.VERSION_1) == 0) {
        throw new ErrnoException("VIRTIO_F_VERSION_1", DEVICE, Errno.EOPNOTSUPP.number());
      }
      memory.addListener(regions);
    } catch (RuntimeException e) {
      owned.closeAfter(e);
      throw e;
    }
  }

  /** Keeps the kernel's tables of guest RAM; guarded by its own lock. */
  private final class Regions implements MemoryListener {
    private final List<RamRegion> present = new ArrayList<>();
    private boolean isClosed;

    @Override
    public synchronized void regionAdded(RamRegion region) {
      present.add(region);
      try {
        tell();
      } catch (RuntimeException e) {
        present.remove(region);
        throw e;
      }
    }

    @Override
    public synchronized void regionRemoved(RamRegion region) {
      if (present.remove(region) && !isClosed) {
        tell();
      }
    }

    synchronized void close() {
      isClosed = true;
    }

    private void tell() {
      pairs.forEach(pair -> pair.memory(present));
    }
  }

  /** The features of rings that it can do; a queue's own reset is the device's to do. */
  public long ringFeatures() {
    return (features & OF_RINGS) | VirtioFeature.RING_RESET;
  }

  /** Whether it can do {@code feature}, one of network devices. */
  public boolean has(long feature) {
    return (features & feature) != 0;
  }

  /** Has the kernel serve queue {@code index}, which is not the control queue. */
  public QueueService service(int index, QueueContext context) {
    return new RemoteQueue(new Server(pairs.get(index / 2), index & 1, context), index, context);
  }

  /** One queue, as the kernel serves it. */
  private static final class Server implements QueueServer {
    private final VhostPair pair;
    private final int number;
    private final QueueContext context;
    private final Resources owned = new Resources();
    private final EventFd errors;
    private boolean knowsErrors;

    Server(VhostPair pair, int number, QueueContext context) {
      this.pair = pair;
      this.number = number;
      this.context = context;
      errors = owned.own(context.loop().linux().eventFd());
    }

    @Override
    public boolean start(int index, RemoteRing ring, EventFd kick, EventFd call, long accepted) {
      try {
        if (!knowsErrors) {
          owned.own(context.loop().watch(errors.fd(), EventLoop.READABLE, events -> failed(index)));
          pair.errors(number, errors);
          knowsErrors = true;
        }
        pair.start(number, ring, kick, call, accepted);
        return true;
      } catch (ErrnoException e) {
        context.owner().broken(index, "the host's kernel does not serve it: " + e.getMessage());
        return false;
      }
    }

    private void failed(int index) {
      if (errors.fd().number() >= 0 && errors.drain() > 0) {
        context.owner().broken(index, "the host's kernel finds fault with it");
      }
    }

    @Override
    public int stop(int index) {
      try {
        return pair.stop(number);
      } catch (ErrnoException e) {
        // Nothing else is sure to end what the kernel does in guest RAM.
        pair.close();
        context.transport().broken("queue " + index + " works no longer: " + e.getMessage());
        return -1;
      }
    }

    @Override
    public void close() {
      owned.close();
    }
  }

  @Override
  public void close() {
    regions.close();
    memory.removeListener(regions);
    owned.close();
  }
}
