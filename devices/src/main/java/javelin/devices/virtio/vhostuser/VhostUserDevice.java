package javelin.devices.virtio.vhostuser;

import java.util.ArrayList;
import java.util.List;
import java.util.function.Consumer;
import javelin.devices.virtio.QueueContext;
import javelin.devices.virtio.QueueServer;
import javelin.devices.virtio.QueueService;
import javelin.devices.virtio.RemoteQueue;
import javelin.devices.virtio.RemoteRing;
import javelin.devices.virtio.VirtioKind;
import javelin.devices.virtio.VirtioTransport;
import javelin.vmm.event.EventLoop;
import javelin.vmm.linux.EventFd;
import javelin.vmm.linux.Resources;
import javelin.vmm.memory.GuestMemory;
import javelin.vmm.memory.MemoryListener;
import javelin.vmm.memory.RamRegion;

/**
 * A device whose queues a back end in another process serves: of guest RAM, notifications and
 * interrupts nothing passes this one. Where the back end fails or ends, the user is told, and the
 * device needs a reset, which then does not help.
 *
 * <p>Threads: what goes to the back end does so under the back end's lock, which is taken inside
 * those of the device and of guest RAM.
 */
public abstract class VhostUserDevice implements VirtioKind {
  private final String backEndName;
  private final GuestMemory memory;
  private final BackEnd backEnd;
  private final Resources owned = new Resources();
  private final EventFd errors;
  private final EventLoop.Watch hangUp;
  private final Regions regions = new Regions();

  private volatile VirtioTransport transport;

  /** What is wrong with the back end; null for nothing. */
  private volatile String problem;

  private volatile boolean isClosed;

  /** Whether the back end knows what was negotiated; guarded by the lock of the device's state. */
  private boolean isPrepared;

  /**
   * A device that {@code backEnd} serves, which is closed with it, also where this throws.
   *
   * @param backEndName what the back end is called in messages
   * @param loop hears of the back end's end
   */
  protected VhostUserDevice(
      String backEndName, BackEnd backEnd, GuestMemory memory, EventLoop loop) {
    this.backEndName = backEndName;
    this.backEnd = owned.own(backEnd);
    this.memory = memory;
    try {
      errors = owned.own(loop.linux().eventFd());
      owned.own(loop.watch(errors.fd(), EventLoop.READABLE, events -> failed()));
      hangUp = owned.own(loop.watch(backEnd.fd(), 0, events -> ended()));
      memory.addListener(regions);
    } catch (RuntimeException e) {
      owned.closeAfter(e);
      throw e;
    }
  }

  /** Guest RAM, as the back end knows it; guarded by its own lock. */
  private final class Regions implements MemoryListener {
    private final List<RamRegion> present = new ArrayList<>();
    private boolean isTold;

    @Override
    public synchronized void regionAdded(RamRegion region) {
      present.add(region);
      changed();
    }

    @Override
    public synchronized void regionRemoved(RamRegion region) {
      present.remove(region);
      changed();
    }

    private void changed() {
      if (isTold && !isClosed) {
        VhostUserDevice.this.tell(to -> to.memory(present));
      }
    }

    synchronized void tell() {
      if (!isTold) {
        backEnd.memory(present);
        isTold = true;
      }
    }
  }

  /** The back end, as what serves queues. */
  private final class Server implements QueueServer {
    private int next;

    @Override
    public boolean start(int index, RemoteRing ring, EventFd kick, EventFd call, long accepted) {
      return tell(
          to -> {
            prepare(accepted);
            to.errors(index, errors);
            to.start(
                index,
                ring.size(),
                ring.base(),
                ring.descriptors(),
                ring.available(),
                ring.used(),
                kick,
                call);
          });
    }

    @Override
    public int stop(int index) {
      return tell(to -> next = to.stop(index)) ? next : -1;
    }
  }

  /** Before a queue starts: the back end knows what was negotiated, and guest RAM. */
  private void prepare(long accepted) {
    if (!isPrepared) {
      backEnd.features(accepted);
      regions.tell();
      isPrepared = true;
    }
  }

  /** Tells the back end something; returns whether it took it. */
  private boolean tell(Consumer<BackEnd> message) {
    if (problem != null) {
      return false;
    }
    try {
      message.accept(backEnd);
      return true;
    } catch (VhostUserException e) {
      broken("its back end, " + backEndName + ", fails: " + e.getMessage());
      return false;
    }
  }

  private void failed() {
    if (errors.fd().number() >= 0 && errors.drain() > 0) {
      broken("its back end, " + backEndName + ", finds fault with a queue");
    }
  }

  private void ended() {
    hangUp.close();
    if (!isClosed) {
      broken("its back end, " + backEndName + ", has ended");
    }
  }

  private void broken(String newProblem) {
    if (problem == null) {
      problem = newProblem + "; the device works no longer";
      tellDriver();
    }
  }

  private void tellDriver() {
    VirtioTransport driver = transport;
    if (driver != null) {
      driver.broken(problem);
    }
  }

  /** Where a reset has not helped, the driver hears of it anew. */
  @Override
  public void negotiated(long features) {
    isPrepared = false;
    if (problem != null) {
      tellDriver();
    }
  }

  @Override
  public long queueFeatures() {
    return backEnd.ringFeatures();
  }

  @Override
  public QueueService service(int index, QueueContext context) {
    transport = context.transport();
    return new RemoteQueue(new Server(), index, context);
  }

  @Override
  public void close() {
    isClosed = true;
    memory.removeListener(regions);
    owned.close();
  }
}
