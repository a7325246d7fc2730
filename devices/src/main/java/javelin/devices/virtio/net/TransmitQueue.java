package javelin.devices.virtio.net;

import javelin.devices.virtio.VirtioTransport;
import javelin.devices.virtio.queue.DescriptorChain;
import javelin.devices.virtio.queue.QueueHandler;
import javelin.devices.virtio.queue.Virtqueue;
import javelin.vmm.event.EventLoop;
import javelin.vmm.event.Interest;
import javelin.vmm.linux.Errno;

/**
 * The transmit queue of one pair (virtio 1.2, 5.1.6.2). A packet that the host has no room for
 * waits, and those behind it wait in the ring.
 *
 * <p>Guarded by the lock of the queue's runner.
 */
final class TransmitQueue implements QueueHandler {
  private final int pair;
  private final NetSink sink;
  private final VirtioTransport transport;
  private final Interest interest;
  private final DescriptorChain chain = new DescriptorChain(VirtioNet.QUEUE_SIZE);

  /** The queue that the waiting packet is of. */
  private Virtqueue current;

  /** Whether the packet in the chain waits for room. */
  private boolean isWaiting;

  /** {@code -errno} of the last packet that was dropped, or 0 where none was since one was sent. */
  private int reported;

  TransmitQueue(int pair, NetSink sink, EventLoop loop, VirtioTransport transport) {
    this.pair = pair;
    this.sink = sink;
    this.transport = transport;
    interest = new Interest(loop, sink.fd(), this::ready);
  }

  private void ready(int events) {
    transport.serve(VirtioNet.transmitIndex(pair));
  }

  @Override
  public DescriptorChain free() {
    return isWaiting ? null : chain;
  }

  @Override
  public void handle(DescriptorChain packet, Virtqueue queue) {
    if (packet.writable().count() > 0 || packet.readable().bytes() < NetHeader.LENGTH) {
      queue.fail("a packet to send is writable, or has no header");
      return;
    }
    dealt(sink.send(packet.readable()), queue);
  }

  private void dealt(int result, Virtqueue queue) {
    isWaiting = result == NetSink.FULL;
    if (isWaiting) {
      interest.set(EventLoop.WRITABLE);
      return;
    }
    // A packet that the host finds fault with is the guest's own affair.
    if (result != reported && !Errno.EINVAL.is(result)) {
      if (result < 0) {
        transport.report("packets to send are dropped: " + Errno.describe(-result));
      }
      reported = result;
    }
    queue.complete(chain.head(), 0);
  }

  @Override
  public void collect(Virtqueue queue) {
    if (queue != current) {
      current = queue;
      isWaiting = false;
    }
    if (isWaiting) {
      dealt(sink.resume(), queue);
    }
    if (!isWaiting) {
      rest();
    }
  }

  @Override
  public boolean isStream() {
    return true;
  }

  @Override
  public void rest() {
    interest.set(Interest.NONE);
  }

  @Override
  public void drain(Virtqueue queue) {
    rest();
    sink.release();
  }
}
