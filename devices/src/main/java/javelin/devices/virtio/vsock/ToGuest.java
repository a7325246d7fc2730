package javelin.devices.virtio.vsock;

import javelin.devices.virtio.queue.DescriptorChain;
import javelin.devices.virtio.queue.IoVector;
import javelin.devices.virtio.queue.QueueHandler;
import javelin.devices.virtio.queue.Virtqueue;

/**
 * The queue of packets that the driver receives. A buffer is taken when there may be a packet; one
 * for which there was none, as a socket had nothing to read, is the next packet's. Guarded by the
 * lock of the queue's runner.
 */
final class ToGuest implements QueueHandler {
  private final Connections connections;
  private final DescriptorChain chain = new DescriptorChain(VirtioVsock.QUEUE_SIZE);
  private final IoVector header = new IoVector(VirtioVsock.QUEUE_SIZE);

  /** The queue that the buffer in the chain is of; null where there is none. */
  private Virtqueue holder;

  ToGuest(Connections connections) {
    this.connections = connections;
  }

  @Override
  public DescriptorChain free() {
    return holder == null && connections.hasPackets() ? chain : null;
  }

  @Override
  public void handle(DescriptorChain buffer, Virtqueue queue) {
    if (buffer.readable().count() > 0 || buffer.writable().bytes() <= PacketHeader.LENGTH) {
      queue.fail("a buffer for packets is readable, or has no room for a header and a byte");
      return;
    }
    buffer.writable().split(PacketHeader.LENGTH, header);
    holder = queue;
    fill(queue);
  }

  @Override
  public void collect(Virtqueue queue) {
    if (holder == queue) {
      fill(queue);
    } else {
      holder = null;
    }
  }

  private void fill(Virtqueue queue) {
    int written = connections.send(header, chain.writable());
    if (written > 0) {
      holder = null;
      queue.complete(chain.head(), written);
    }
  }
}
