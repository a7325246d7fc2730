package javelin.devices.virtio;

import javelin.devices.virtio.queue.RingAddresses;
import javelin.devices.virtio.queue.SplitVirtqueue;
import javelin.vmm.event.EventLoop;
import javelin.vmm.linux.EventFd;
import javelin.vmm.linux.Linux;
import javelin.vmm.linux.Resources;

/**
 * A queue that a {@link QueueServer} serves: it has the eventfd of the driver's notifications, and
 * the one that raises the interrupt in KVM. Only where there is none of the latter, as without
 * MSI-X, this process passes interrupts on.
 */
public final class RemoteQueue implements QueueService {
  private static final int DESCRIPTOR_ALIGNMENT = 16;
  private static final int AVAILABLE_ALIGNMENT = 2;
  private static final int USED_ALIGNMENT = 4;
  private static final int DESCRIPTOR_LENGTH = 16;

  private final QueueServer server;
  private final int index;
  private final QueueContext context;
  private final Resources owned = new Resources();
  private final EventFd kick;
  private final EventFd call;

  /** Null while stopped. */
  private RingAddresses ring;

  private long features;

  /** Index of the next entry of the available ring. */
  private int base;

  private boolean isRunning;

  /**
   * A stopped queue {@code index}.
   *
   * @param server closed with this, also where this throws
   */
  public RemoteQueue(QueueServer server, int index, QueueContext context) {
    this.server = owned.own(server);
    this.index = index;
    this.context = context;
    Linux linux = context.loop().linux();
    try {
      kick = owned.own(linux.eventFd());
      call = owned.own(linux.eventFd());
      owned.own(context.loop().watch(call.fd(), EventLoop.READABLE, events -> called()));
    } catch (RuntimeException e) {
      owned.closeAfter(e);
      throw e;
    }
  }

  private void called() {
    if (call.fd().number() >= 0 && call.drain() > 0) {
      context.owner().interrupt(index);
    }
  }

  @Override
  public EventFd event() {
    return kick;
  }

  @Override
  public void kick() {
    kick.signal();
  }

  @Override
  public void serveNow() {
    // It is served elsewhere.
  }

  @Override
  public void start(RingAddresses newRing, long newFeatures) {
    ring = newRing;
    features = newFeatures;
    base = 0;
    resume();
  }

  @Override
  public void resume() {
    if (ring != null && !isRunning && context.owner().isServing()) {
      run();
    }
  }

  private void run() {
    int size = ring.size();
    long descriptors = part(ring.descriptors(), size * DESCRIPTOR_LENGTH, DESCRIPTOR_ALIGNMENT);
    long available = part(ring.driver(), SplitVirtqueue.availableLength(size), AVAILABLE_ALIGNMENT);
    long used = part(ring.device(), SplitVirtqueue.usedLength(size), USED_ALIGNMENT);
    if (descriptors == 0 || available == 0 || used == 0) {
      context.owner().broken(index, "a part of it is not aligned, or not in RAM");
      return;
    }
    EventFd interrupt = context.transport().interruptEvent(index);
    isRunning =
        server.start(
            index,
            new RemoteRing(size, base, descriptors, available, used),
            kick,
            interrupt == null ? call : interrupt,
            features);
    kick.signal(); // What was made available before is not waited for.
  }

  private long part(long address, int length, int alignment) {
    return address % alignment == 0 ? context.memory().hostAddressOrZero(address, length) : 0;
  }

  @Override
  public void pause() {
    if (isRunning) {
      isRunning = false;
      int next = server.stop(index);
      base = next < 0 ? base : next;
    }
  }

  @Override
  public void stop() {
    pause();
    ring = null;
    kick.drain();
  }

  @Override
  public void close() {
    stop();
    owned.close();
  }
}
