package javelin.devices.virtio.queue;

import java.util.function.BooleanSupplier;

/**
 * A queue that is one of two things, as the driver has negotiated: what that is does not change
 * while the queue is enabled.
 *
 * @param isSecond whether it is the second one
 */
public record QueueSwitch(BooleanSupplier isSecond, QueueHandler first, QueueHandler second)
    implements QueueHandler {
  private QueueHandler handler() {
    return isSecond.getAsBoolean() ? second : first;
  }

  @Override
  public DescriptorChain free() {
    return handler().free();
  }

  @Override
  public void handle(DescriptorChain chain, Virtqueue queue) {
    handler().handle(chain, queue);
  }

  @Override
  public void collect(Virtqueue queue) {
    handler().collect(queue);
  }

  @Override
  public void commit(Virtqueue queue) {
    handler().commit(queue);
  }

  @Override
  public void rest() {
    handler().rest();
  }

  @Override
  public void drain(Virtqueue queue) {
    handler().drain(queue);
  }
}
