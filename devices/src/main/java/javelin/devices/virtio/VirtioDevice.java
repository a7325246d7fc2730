package javelin.devices.virtio;

import javelin.devices.virtio.queue.QueueHandler;
import javelin.devices.virtio.queue.QueueRunner;

/**
 * A device whose queues are served in this process; what it does for them is under the locks of
 * their runners.
 */
public interface VirtioDevice extends VirtioKind {
  /**
   * What serves queue {@code index}; asked for once.
   *
   * @param transport the way to the driver
   */
  QueueHandler handler(int index, VirtioTransport transport);

  @Override
  default QueueService service(int index, QueueContext context) {
    QueueHandler handler = handler(index, context.transport());
    return new LocalQueue(
        context.memory(), new QueueRunner(index, handler, context.owner(), context.loop()));
  }
}
