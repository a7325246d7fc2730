package javelin.devices.virtio.balloon;

import java.nio.ByteOrder;
import javelin.devices.virtio.queue.DescriptorChain;
import javelin.devices.virtio.queue.IoVector;
import javelin.devices.virtio.queue.QueueHandler;
import javelin.devices.virtio.queue.Virtqueue;
import javelin.vmm.linux.NativeMemory;
import javelin.vmm.memory.GuestMemory;
import org.agrona.concurrent.UnsafeBuffer;

/**
 * The inflate or the deflate queue (virtio 1.2, 5.5.6): requests are le32 numbers of 4 KiB pages of
 * guest-physical memory, each of which has to be RAM.
 *
 * <p>A page that comes out of the balloon needs nothing of the device: the host has a new one for
 * it when the guest touches it.
 */
final class PageNumbers implements QueueHandler {
  /** The most pages that one request names: 256 MiB; drivers name 256 or 1024. */
  static final int MOST_PAGES = 1 << 16;

  private static final long MAX_U32 = 0xffff_ffffL;
  private static final int CHUNK = 1024;

  private final GuestMemory memory;

  /** Null where pages come out of the balloon. */
  private final GuestPages pages;

  private final DescriptorChain chain = new DescriptorChain(VirtioBalloon.QUEUE_SIZE);
  private final UnsafeBuffer numbers = NativeMemory.allocate(CHUNK);

  /**
   * Requests with pages of {@code memory}.
   *
   * @param pages gives back those that go into the balloon; null for those that come out
   */
  PageNumbers(GuestMemory memory, GuestPages pages) {
    this.memory = memory;
    this.pages = pages;
  }

  @Override
  public DescriptorChain free() {
    return chain;
  }

  @Override
  public void handle(DescriptorChain request, Virtqueue queue) {
    IoVector list = request.readable();
    if (list.bytes() % Integer.BYTES != 0 || list.bytes() > (long) MOST_PAGES * Integer.BYTES) {
      queue.fail("a list of page numbers has " + list.bytes() + " bytes");
      return;
    }
    while (list.bytes() > 0) {
      int length = list.read(numbers, 0, CHUNK);
      for (int i = 0; i < length; i += Integer.BYTES) {
        long number = numbers.getInt(i, ByteOrder.LITTLE_ENDIAN) & MAX_U32;
        long host = memory.hostAddressOrZero(number * GuestPages.PAGE, GuestPages.PAGE);
        if (host == 0) {
          queue.fail("page " + number + " is not in RAM");
          if (pages != null) {
            pages.clear(); // They are the guest's again, once it has reset the device.
          }
          return;
        }
        if (pages != null) {
          pages.add(host, GuestPages.PAGE);
        }
      }
    }
    if (pages != null) {
      pages.giveBack();
    }
    queue.complete(request.head(), 0);
  }
}
