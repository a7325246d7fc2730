package javelin.devices.virtio.balloon;

import javelin.devices.virtio.VirtioDevice;
import javelin.devices.virtio.VirtioTransport;
import javelin.devices.virtio.queue.QueueHandler;
import javelin.vmm.linux.Syscalls;
import javelin.vmm.memory.GuestMemory;

/**
 * A memory balloon (virtio 1.2, 5.5): the guest puts pages into it, as many as the device asks for,
 * and reports pages that it has free; both go back to the host. It takes pages out again on its own
 * where it runs short of memory.
 *
 * <p>Guest RAM must be a shared mapping of ordinary pages that nothing pins: a device that may
 * write to a page would go on with one that is no longer the guest's.
 *
 * <p>Of the queues that the specification numbers 2 to 4 only the one of reports is offered. Linux
 * has counted the queues that are there and taken it for number 2 before it took it for number 4,
 * so each of the three is one of reports.
 */
public final class VirtioBalloon implements VirtioDevice {
  /** The most pages of 4 KiB that its size can be. */
  public static final long MAX_PAGES = 0xffff_ffffL;

  static final long DEFLATE_ON_OOM = 1L << 2;
  static final long PAGE_REPORTING = 1L << 5;
  static final int QUEUE_SIZE = 128;

  private static final int TYPE = 5;
  private static final int PCI_CLASS = 0x00ff00;
  private static final int QUEUES = 5;
  private static final int INFLATE = 0;
  private static final int DEFLATE = 1;

  /** le32 pages that are wanted, le32 pages that there are. */
  private static final int CONFIG_LENGTH = 8;

  private static final int ACTUAL = 4;
  private static final long MAX_U32 = 0xffff_ffffL;

  private final GuestMemory memory;
  private final Syscalls syscalls;
  private final long wanted;
  private volatile long actual;

  /**
   * A balloon of pages of {@code memory}.
   *
   * @param syscalls what guest RAM was mapped with
   * @param wanted pages of 4 KiB that the guest is to put into it, 0 to {@link #MAX_PAGES}
   */
  public VirtioBalloon(GuestMemory memory, Syscalls syscalls, long wanted) {
    if (wanted < 0 || wanted > MAX_PAGES) {
      throw new IllegalArgumentException("a balloon has 0 to 2^32 - 1 pages");
    }
    this.memory = memory;
    this.syscalls = syscalls;
    this.wanted = wanted;
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
    return "virtio-balloon";
  }

  @Override
  public long features() {
    return DEFLATE_ON_OOM | PAGE_REPORTING;
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
    GuestPages pages = new GuestPages(syscalls, transport);
    return switch (index) {
      case INFLATE -> new PageNumbers(memory, pages);
      case DEFLATE -> new PageNumbers(memory, null);
      default -> new PageReports(pages);
    };
  }

  @Override
  public int configLength() {
    return CONFIG_LENGTH;
  }

  @Override
  public long readConfig(int offset, int size) {
    return (wanted | (actual << Integer.SIZE)) >>> (Byte.SIZE * offset);
  }

  /** The driver says how many pages there are. */
  @Override
  public void writeConfig(int offset, int size, long value) {
    if (offset == ACTUAL && size == Integer.BYTES) {
      actual = value & MAX_U32;
    }
  }

  @Override
  public void reset() {
    actual = 0;
  }

  @Override
  public void close() {}
}
