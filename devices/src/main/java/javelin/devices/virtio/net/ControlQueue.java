package javelin.devices.virtio.net;

import javelin.devices.virtio.queue.DescriptorChain;
import javelin.devices.virtio.queue.QueueHandler;
import javelin.devices.virtio.queue.Virtqueue;
import javelin.vmm.linux.NativeMemory;
import org.agrona.concurrent.UnsafeBuffer;

/**
 * The control queue (virtio 1.2, 5.1.6.5): u8 class, u8 command, data; then a status byte. The one
 * command is to set the number of pairs in use.
 *
 * <p>Guarded by the lock of the queue's runner.
 */
final class ControlQueue implements QueueHandler {
  private static final int CLASS_MQ = 4;
  private static final int COMMAND_PAIRS_SET = 0;
  private static final int PAIRS_SET_LENGTH = 4;
  private static final int PAIRS = 2;
  private static final byte OK = 0;
  private static final byte ERROR = 1;

  private final VirtioNet device;
  private final DescriptorChain chain = new DescriptorChain(VirtioNet.QUEUE_SIZE);
  private final UnsafeBuffer command = NativeMemory.allocate(PAIRS_SET_LENGTH);
  private final UnsafeBuffer status = NativeMemory.allocate(1);

  ControlQueue(VirtioNet device) {
    this.device = device;
  }

  @Override
  public DescriptorChain free() {
    return chain;
  }

  @Override
  public void handle(DescriptorChain request, Virtqueue queue) {
    if (request.writable().bytes() == 0) {
      queue.fail("a control command without room for its status");
      return;
    }
    int length = request.readable().read(command, 0, PAIRS_SET_LENGTH);
    boolean isKnown =
        length == PAIRS_SET_LENGTH
            && command.getByte(0) == CLASS_MQ
            && command.getByte(1) == COMMAND_PAIRS_SET;
    boolean isDone = isKnown && device.use(command.getShort(PAIRS) & 0xffff);
    status.putByte(0, isDone ? OK : ERROR);
    queue.complete(request.head(), request.writable().write(status, 0, 1));
  }
}
