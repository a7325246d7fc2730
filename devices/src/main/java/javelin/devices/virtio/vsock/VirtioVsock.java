package javelin.devices.virtio.vsock;

import javelin.devices.virtio.VirtioDevice;
import javelin.devices.virtio.VirtioTransport;
import javelin.devices.virtio.queue.DescriptorChain;
import javelin.devices.virtio.queue.QueueHandler;
import javelin.devices.virtio.queue.Virtqueue;
import javelin.vmm.event.EventLoop;
import javelin.vmm.event.UnixListener;
import javelin.vmm.linux.Resources;

/**
 * A socket device (virtio 1.2, 5.10) whose host side is Unix sockets. A program of the host's
 * connects to the device's socket and writes a line {@code CONNECT <port>}; once the guest has
 * taken the connection it reads {@code OK <port of the host's>}, and the stream follows. A program
 * of the guest's that connects to port P of CID 2 is connected to the socket PATH_P, where one of
 * the host's listens.
 */
public final class VirtioVsock implements VirtioDevice {
  /** The CIDs that a guest can have (virtio 1.2, 5.10.4). */
  public static final long FIRST_CID = 3;

  public static final long LAST_CID = 0xffff_fffeL;

  static final int QUEUE_SIZE = 256;
  static final int TO_GUEST = 0;
  static final int FROM_GUEST = 1;

  private static final int TYPE = 19;
  private static final int PCI_CLASS = 0x078000;
  private static final int QUEUES = 3;

  /** VIRTIO_VSOCK_F_STREAM. */
  private static final long STREAM = 1;

  private final long cid;
  private final Connections connections;
  private final Resources owned = new Resources();

  /**
   * A device that listens at {@code path}.
   *
   * @param loop what all its queues are served on
   * @param cid of the guest, {@link #FIRST_CID} to {@link #LAST_CID}
   * @throws javelin.vmm.event.ListenException where the path cannot be had
   */
  public VirtioVsock(EventLoop loop, long cid, String path) {
    if (cid < FIRST_CID || cid > LAST_CID) {
      throw new IllegalArgumentException("a guest's CID is 3 to 2^32 - 2");
    }
    this.cid = cid;
    connections = owned.own(new Connections(loop, cid, path, System::nanoTime));
    try {
      owned.own(new UnixListener(loop, path, connections::connected));
    } catch (RuntimeException e) {
      owned.closeAfter(e);
      throw e;
    }
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
    return "virtio-vsock";
  }

  @Override
  public long features() {
    return STREAM;
  }

  @Override
  public int queues() {
    return QUEUES;
  }

  @Override
  public int queueSize() {
    return QUEUE_SIZE;
  }

  @Override
  public QueueHandler handler(int index, VirtioTransport transport) {
    connections.transport(transport);
    return switch (index) {
      case TO_GUEST -> new ToGuest(connections);
      case FROM_GUEST -> new FromGuest(connections, transport);
      default -> new Events();
    };
  }

  /** The queue of events: there are none, as guests do not move to another host. */
  private static final class Events implements QueueHandler {
    @Override
    public DescriptorChain free() {
      return null;
    }

    @Override
    public void handle(DescriptorChain buffer, Virtqueue queue) {
      throw new IllegalStateException("no buffer was asked for");
    }
  }

  @Override
  public int configLength() {
    return Long.BYTES;
  }

  /** le64 guest_cid. */
  @Override
  public long readConfig(int offset, int size) {
    return cid >>> (Byte.SIZE * offset);
  }

  @Override
  public void reset() {
    connections.reset();
  }

  @Override
  public void close() {
    owned.close();
  }
}
