package javelin.devices.virtio.console;

import java.nio.charset.StandardCharsets;
import java.util.List;
import javelin.devices.virtio.VirtioTransport;
import javelin.devices.virtio.queue.DescriptorChain;
import javelin.devices.virtio.queue.QueueHandler;
import javelin.devices.virtio.queue.Virtqueue;
import javelin.vmm.linux.NativeMemory;
import org.agrona.concurrent.UnsafeBuffer;

/**
 * The control queues of a device with named ports (virtio 1.2, 5.3.6.2): messages of le32 port,
 * le16 event, le16 value, behind which a name may follow.
 *
 * <p>The driver says that it is there, and hears of each port; it says that it has made the port,
 * and hears its name, and that the other side of it is open. What a port still has to hear of is a
 * bit each, so that no driver can make the messages that wait pile up.
 *
 * <p>The object's lock guards these bits; it is the innermost one.
 */
final class PortControl {
  private static final int HEADER_LENGTH = 8;
  private static final int EVENT_OFFSET = 4;
  private static final int VALUE_OFFSET = 6;

  private static final int DEVICE_READY = 0;
  private static final int DEVICE_ADD = 1;
  private static final int PORT_READY = 3;
  private static final int PORT_OPEN = 6;
  private static final int PORT_NAME = 7;

  /** What is to be told of a port, in this order. */
  private static final int ADD = 1;

  private static final int NAME = 2;
  private static final int OPEN = 4;

  /** Hears what the driver does with a port. */
  interface Listener {
    /** The driver has opened or closed port {@code port}, which exists. */
    void open(int port, boolean isOpen);
  }

  private final byte[][] names;
  private final int[] pending;
  private final Listener listener;
  private final UnsafeBuffer message;

  /**
   * Control of ports that are counted from 1.
   *
   * @param names ASCII, of each port
   */
  PortControl(List<String> names, Listener listener) {
    this.names =
        names.stream().map(name -> name.getBytes(StandardCharsets.US_ASCII)).toArray(byte[][]::new);
    this.listener = listener;
    pending = new int[this.names.length];
    int longest = 0;
    for (byte[] name : this.names) {
      longest = Math.max(longest, name.length);
    }
    message = NativeMemory.allocate(HEADER_LENGTH + longest);
  }

  /** Nothing is to be told any more. */
  synchronized void reset() {
    for (int i = 0; i < pending.length; i++) {
      pending[i] = 0;
    }
  }

  /** What the driver hears. */
  QueueHandler toDriver() {
    return new ToDriver();
  }

  /**
   * What it says.
   *
   * @param toDriver the queue of {@link #toDriver}
   */
  QueueHandler fromDriver(VirtioTransport transport, int toDriver) {
    return new FromDriver(transport, toDriver);
  }

  private final class ToDriver implements QueueHandler {
    private final DescriptorChain chain = new DescriptorChain(VirtioConsole.QUEUE_SIZE);

    @Override
    public DescriptorChain free() {
      return nextPort() >= 0 ? chain : null;
    }

    @Override
    public void handle(DescriptorChain request, Virtqueue queue) {
      int length = takeMessage();
      if (request.readable().count() > 0 || request.writable().bytes() < length) {
        queue.fail("a buffer for control messages is too small for one");
        return;
      }
      queue.complete(request.head(), request.writable().write(message, 0, length));
    }
  }

  /** Index of a port that is to hear of something; -1 where there is none. */
  private synchronized int nextPort() {
    for (int i = 0; i < pending.length; i++) {
      if (pending[i] != 0) {
        return i;
      }
    }
    return -1;
  }

  /** Puts the next message together; returns its bytes, 0 where a reset has left none. */
  private synchronized int takeMessage() {
    int port = nextPort();
    if (port < 0) {
      return 0;
    }
    int bit = Integer.lowestOneBit(pending[port]);
    pending[port] &= ~bit;
    message.putInt(0, port + 1);
    message.putShort(
        EVENT_OFFSET, (short) (bit == ADD ? DEVICE_ADD : bit == NAME ? PORT_NAME : PORT_OPEN));
    message.putShort(VALUE_OFFSET, (short) 1);
    if (bit != NAME) {
      return HEADER_LENGTH;
    }
    message.putBytes(HEADER_LENGTH, names[port]);
    return HEADER_LENGTH + names[port].length;
  }

  private synchronized void tell(int port, int bits) {
    pending[port] |= bits;
  }

  private final class FromDriver implements QueueHandler {
    private final DescriptorChain chain = new DescriptorChain(VirtioConsole.QUEUE_SIZE);
    private final UnsafeBuffer said = NativeMemory.allocate(HEADER_LENGTH);
    private final VirtioTransport transport;
    private final int toDriver;

    FromDriver(VirtioTransport transport, int toDriver) {
      this.transport = transport;
      this.toDriver = toDriver;
    }

    @Override
    public DescriptorChain free() {
      return chain;
    }

    @Override
    public void handle(DescriptorChain request, Virtqueue queue) {
      if (request.readable().read(said, 0, HEADER_LENGTH) < HEADER_LENGTH) {
        queue.fail("a control message is shorter than its header");
        return;
      }
      int event = said.getShort(EVENT_OFFSET) & 0xffff;
      boolean isYes = said.getShort(VALUE_OFFSET) == 1;
      int port = said.getInt(0) - 1;
      if (event == DEVICE_READY) {
        if (isYes) {
          for (int i = 0; i < pending.length; i++) {
            tell(i, ADD);
          }
        }
      } else if (port < 0 || port >= pending.length) {
        transport.report("a control message is of port " + (port + 1) + ", which there is not");
      } else if (event == PORT_READY && isYes) {
        tell(port, NAME | OPEN);
      } else if (event == PORT_READY) {
        transport.report("the guest could not make its port " + (port + 1));
      } else if (event == PORT_OPEN) {
        listener.open(port + 1, isYes);
      }
      queue.complete(request.head(), 0);
      transport.kick(toDriver);
    }
  }
}
