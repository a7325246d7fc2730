package javelin.devices.virtio.console;

import javelin.devices.console.SerialBackend;
import javelin.devices.virtio.VirtioTransport;
import javelin.devices.virtio.queue.DescriptorChain;
import javelin.devices.virtio.queue.QueueHandler;
import javelin.devices.virtio.queue.Virtqueue;
import javelin.vmm.linux.NativeMemory;
import org.agrona.concurrent.UnsafeBuffer;

/**
 * The receive queue of a port: bytes from the back end, which wait here for buffers of the driver.
 *
 * <p>A request is completed with what is there, however little. The back end is given room as bytes
 * go to the driver, and none while the driver has not opened the port; what waits outlives a reset.
 *
 * <p>The object's lock guards the bytes that wait; it is the innermost one.
 */
final class PortInput implements QueueHandler, SerialBackend.Port {
  private static final int CAPACITY = 4096;

  private final SerialBackend backend;
  private final VirtioTransport transport;
  private final int index;
  private final int outputIndex;
  private final DescriptorChain chain = new DescriptorChain(VirtioConsole.QUEUE_SIZE);
  private final UnsafeBuffer waiting = NativeMemory.allocate(CAPACITY);
  private int start;
  private int end;
  private boolean isOpen;

  /**
   * Input of {@code backend} for queue {@code index}.
   *
   * @param outputIndex the queue of the other direction, which is told of room in the back end
   */
  PortInput(SerialBackend backend, VirtioTransport transport, int index, int outputIndex) {
    this.backend = backend;
    this.transport = transport;
    this.index = index;
    this.outputIndex = outputIndex;
  }

  /** The driver has opened or closed the port. */
  void open(boolean nowOpen) {
    synchronized (this) {
      isOpen = nowOpen;
    }
    if (nowOpen) {
      backend.inputWanted();
    }
  }

  @Override
  public synchronized int room() {
    return isOpen ? CAPACITY - (end - start) : 0;
  }

  @Override
  public void receive(byte[] bytes, int offset, int length) {
    synchronized (this) {
      if (start > 0) {
        waiting.putBytes(0, waiting, start, end - start);
        end -= start;
        start = 0;
      }
      // No more than the room that was told of: a port that was closed since keeps its bytes.
      int count = Math.min(length, CAPACITY - end);
      waiting.putBytes(end, bytes, offset, count);
      end += count;
    }
    transport.kick(index);
  }

  @Override
  public void writable() {
    transport.kick(outputIndex);
  }

  @Override
  public synchronized DescriptorChain free() {
    return end > start ? chain : null;
  }

  @Override
  public void handle(DescriptorChain request, Virtqueue queue) {
    if (request.readable().count() > 0) {
      queue.fail("a buffer for input is not one for the device to write");
      return;
    }
    int written;
    synchronized (this) {
      written = request.writable().write(waiting, start, end - start);
      start += written;
    }
    queue.complete(request.head(), written);
    backend.inputWanted();
  }
}
