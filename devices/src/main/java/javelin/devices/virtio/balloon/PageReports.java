package javelin.devices.virtio.balloon;

import javelin.devices.virtio.queue.DescriptorChain;
import javelin.devices.virtio.queue.IoVector;
import javelin.devices.virtio.queue.QueueHandler;
import javelin.devices.virtio.queue.Virtqueue;

/**
 * The reporting queue (virtio 1.2, 5.5.6.7): the buffers of a request are pages that the guest has
 * free, and does not use before the request comes back.
 */
final class PageReports implements QueueHandler {
  private final GuestPages pages;
  private final DescriptorChain chain = new DescriptorChain(VirtioBalloon.QUEUE_SIZE);

  /** Gives back what is reported through {@code pages}. */
  PageReports(GuestPages pages) {
    this.pages = pages;
  }

  @Override
  public DescriptorChain free() {
    return chain;
  }

  @Override
  public void handle(DescriptorChain request, Virtqueue queue) {
    if (request.readable().count() > 0) {
      queue.fail("a report of free pages has a buffer that the device may not write");
      return;
    }
    IoVector free = request.writable();
    while (free.bytes() > 0) {
      long length = free.firstLength();
      pages.add(free.firstBase(), length);
      free.skip(length);
    }
    pages.giveBack();
    queue.complete(request.head(), 0);
  }
}
