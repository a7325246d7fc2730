package javelin.devices.virtio.console;

import javelin.devices.console.SerialBackend;
import javelin.devices.virtio.queue.DescriptorChain;
import javelin.devices.virtio.queue.IoVector;
import javelin.devices.virtio.queue.QueueHandler;
import javelin.devices.virtio.queue.Virtqueue;
import org.agrona.concurrent.UnsafeBuffer;

/**
 * The transmit queue of a port: bytes go to the back end straight out of the driver's buffers.
 *
 * <p>A request for which the back end has no room waits, and those behind it, until the queue is
 * kicked; so a slow outside slows the driver down. When the queue is stopped, what is left of such
 * a request is lost, as the driver takes its buffers back. Guarded by the lock of the queue's
 * runner.
 */
final class PortOutput implements QueueHandler {
  /** Bytes that the back end gets at once, at most. */
  private static final int MOST_BYTES = 1 << 16;

  private final SerialBackend backend;
  private final DescriptorChain chain = new DescriptorChain(VirtioConsole.QUEUE_SIZE);
  private final UnsafeBuffer view = new UnsafeBuffer(0, 0);

  /** Whether the request in the chain waits for room. */
  private boolean isWaiting;

  /** Output to {@code backend}. */
  PortOutput(SerialBackend backend) {
    this.backend = backend;
  }

  @Override
  public DescriptorChain free() {
    return isWaiting ? null : chain;
  }

  @Override
  public void handle(DescriptorChain request, Virtqueue queue) {
    if (request.writable().count() > 0) {
      queue.fail("a buffer of output is not one for the device to read");
      return;
    }
    isWaiting = true;
    send(queue);
  }

  @Override
  public void collect(Virtqueue queue) {
    if (isWaiting) {
      send(queue);
    }
  }

  private void send(Virtqueue queue) {
    IoVector bytes = chain.readable();
    while (bytes.bytes() > 0) {
      int length = (int) Math.min(bytes.firstLength(), MOST_BYTES);
      view.wrap(bytes.firstBase(), length);
      int taken = backend.write(view, 0, length);
      bytes.skip(taken);
      if (taken < length) {
        return; // Where there is room by now, the kick that says so is still to be served.
      }
    }
    end(queue);
  }

  @Override
  public void drain(Virtqueue queue) {
    if (isWaiting) {
      end(queue);
    }
  }

  private void end(Virtqueue queue) {
    isWaiting = false;
    queue.complete(chain.head(), 0);
  }
}
