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

  /**
   * How long a queue that has nothing to do is looked at for more, at most, before a notification
   * is waited for; 0 for not at all. Each of its queues has an event loop of its own then.
   *
   * @return nanoseconds
   */
  default long pollNanos() {
    return 0;
  }

  @Override
  default QueueService service(int index, QueueContext context) {
    QueueHandler handler = handler(index, context.transport());
    return new LocalQueue(
        context.memory(),
        new QueueRunner(index, handler, context.owner(), context.loop(), pollNanos()));
  }
}
