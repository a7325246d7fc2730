package javelin.devices.virtio.vsock;

import javelin.devices.virtio.VirtioTransport;
import javelin.devices.virtio.queue.DescriptorChain;
import javelin.devices.virtio.queue.QueueHandler;
import javelin.devices.virtio.queue.Virtqueue;

/**
 * The queue of packets that the driver sends. While as many resets wait for the driver's buffers as
 * can, none is taken. Guarded by the lock of the queue's runner.
 */
final class FromGuest implements QueueHandler {
  private final Connections connections;
  private final VirtioTransport transport;
  private final DescriptorChain chain = new DescriptorChain(VirtioVsock.QUEUE_SIZE);
  private final PacketHeader header = new PacketHeader();

  FromGuest(Connections connections, VirtioTransport transport) {
    this.connections = connections;
    this.transport = transport;
  }

  @Override
  public DescriptorChain free() {
    return connections.mayReceive() ? chain : null;
  }

  @Override
  public void handle(DescriptorChain packet, Virtqueue queue) {
    if (packet.writable().count() > 0 || packet.readable().bytes() < PacketHeader.LENGTH) {
      queue.fail("a packet to send is writable, or has no header");
      return;
    }
    packet.readable().read(header.bytes(), 0, PacketHeader.LENGTH);
    connections.receive(header, packet.readable());
    queue.complete(packet.head(), 0);
  }

  @Override
  public void commit(Virtqueue queue) {
    if (connections.hasPackets()) {
      transport.kick(VirtioVsock.TO_GUEST);
    }
  }
}
