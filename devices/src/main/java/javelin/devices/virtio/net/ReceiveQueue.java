package javelin.devices.virtio.net;

import javelin.devices.virtio.VirtioTransport;
import javelin.devices.virtio.queue.DescriptorChain;
import javelin.devices.virtio.queue.QueueHandler;
import javelin.devices.virtio.queue.Virtqueue;
import javelin.vmm.event.EventLoop;
import javelin.vmm.event.Interest;
import javelin.vmm.linux.Errno;
import javelin.vmm.linux.NativeMemory;
import org.agrona.concurrent.UnsafeBuffer;

/**
 * The receive queue of one pair (virtio 1.2, 5.1.6.3). The driver's buffers are gathered up front,
 * enough for a packet, and filled as packets come. While the driver gives none, the host's end is
 * not read, and the host queues; then the driver's next notification has it read again.
 *
 * <p>Guarded by the lock of the queue's runner.
 */
final class ReceiveQueue implements QueueHandler {
  /** Packets that are shown to the driver together, at most. */
  private static final int BATCH = 64;

  /** A packet has been dropped. */
  private static final int DROPPED = NetSource.SHORT + 1;

  private final VirtioNet device;
  private final int pair;
  private final NetSource source;
  private final VirtioTransport transport;
  private final Interest interest;
  private final ReceiveBuffers buffers = new ReceiveBuffers(VirtioNet.QUEUE_SIZE);
  private final DescriptorChain chain = new DescriptorChain(VirtioNet.QUEUE_SIZE);
  private final UnsafeBuffer scratch = NativeMemory.allocate(Short.BYTES);

  /** The queue that the buffers are of. */
  private Virtqueue current;

  /** Whether the driver has no buffers, and is to notify when it has. */
  private boolean isStarved;

  /** Whether no packets come any more. */
  private boolean isEnded;

  /** Whether the host's end has hung up; what it sent before may still be there. */
  private volatile boolean hasHungUp;

  ReceiveQueue(
      VirtioNet device, int pair, NetSource source, EventLoop loop, VirtioTransport transport) {
    this.device = device;
    this.pair = pair;
    this.source = source;
    this.transport = transport;
    interest = new Interest(loop, source.fd(), this::ready);
  }

  private void ready(int events) {
    hasHungUp = (events & (EventLoop.ERROR | EventLoop.HANG_UP)) != 0;
    transport.serve(VirtioNet.receiveIndex(pair));
  }

  @Override
  public DescriptorChain free() {
    return isStarved ? chain : null;
  }

  @Override
  public void handle(DescriptorChain buffer, Virtqueue queue) {
    if (add(queue)) {
      isStarved = false;
      receive(queue);
    }
  }

  @Override
  public void collect(Virtqueue queue) {
    if (queue != current) {
      current = queue;
      buffers.clear();
      source.forget();
    }
    isStarved = false;
    if (isEnded || !device.isActive(pair)) {
      rest();
    } else {
      receive(queue);
    }
  }

  private void receive(Virtqueue queue) {
    for (int packets = 0; packets < BATCH; packets++) {
      int length = receiveOne(queue);
      if (length == NetSource.NOTHING) {
        break;
      }
      if (length == NetSource.SHORT) {
        starve();
        return;
      }
      if (length > 0) {
        buffers.complete(length, queue, scratch);
      } else if (length != DROPPED) {
        end(length);
        return;
      }
    }
    interest.set(EventLoop.READABLE);
  }

  /** As {@link NetSource#receive}, or dropped; short where the driver has no more buffers. */
  private int receiveOne(Virtqueue queue) {
    while (mayGather(queue) && buffers.bytes() < device.usualPacket()) {
      if (!gather(queue)) {
        break;
      }
    }
    if (buffers.chains() == 0) {
      return NetSource.SHORT;
    }
    int length = source.receive(buffers);
    while (length == NetSource.SHORT) {
      if (!mayGather(queue)) {
        source.discard();
        transport.report("a packet is longer than the guest's buffers for it, and dropped");
        return DROPPED;
      }
      if (!gather(queue)) {
        return NetSource.SHORT;
      }
      length = source.receive(buffers);
    }
    return length;
  }

  /** Whether another chain may be taken for the packet at the front. */
  private boolean mayGather(Virtqueue queue) {
    return device.isMergeable()
        ? buffers.hasRoom() && buffers.chains() < queue.size()
        : buffers.chains() == 0;
  }

  private boolean gather(Virtqueue queue) {
    return queue.next(chain) && add(queue);
  }

  private boolean add(Virtqueue queue) {
    if (chain.readable().count() > 0 || chain.writable().bytes() < NetHeader.LENGTH) {
      queue.fail("a buffer for packets is readable, or has no room for a header");
      return false;
    }
    buffers.add(chain);
    return true;
  }

  private void starve() {
    isStarved = true;
    // A hang-up cannot be waited out: epoll would tell of it again and again.
    interest.set(hasHungUp ? Interest.NONE : 0);
  }

  private void end(int error) {
    rest();
    if (!device.isActive(pair)) {
      return; // The driver has just done without this pair.
    }
    isEnded = true;
    transport.report("no packets come any more: " + Errno.describe(-error));
    device.linkDown(transport);
  }

  @Override
  public void rest() {
    interest.set(Interest.NONE);
  }

  @Override
  public void drain(Virtqueue queue) {
    rest();
  }
}
