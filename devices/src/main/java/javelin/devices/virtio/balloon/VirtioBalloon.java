package javelin.devices.virtio.balloon;

import javelin.devices.virtio.VirtioDevice;
import javelin.devices.virtio.VirtioTransport;
import javelin.devices.virtio.queue.QueueHandler;
import javelin.devices.virtio.queue.QueueSwitch;
import javelin.vmm.event.EventLoop;
import javelin.vmm.event.Timer;
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
 * <p>Of the queues that the specification numbers 2 to 4, that of free page hints is not offered.
 * Linux has counted the queues that are there, and taken the one of reports for the next number,
 * before it took it for number 4; so each of the three is one of reports where it is not one of
 * statistics.
 */
public final class VirtioBalloon implements VirtioDevice {
  /** The most pages of 4 KiB that its size can be. */
  public static final long MAX_PAGES = 0xffff_ffffL;

  static final long STATISTICS = 1L << 1;
  static final long DEFLATE_ON_OOM = 1L << 2;
  static final long PAGE_REPORTING = 1L << 5;
  static final int QUEUE_SIZE = 128;

  private static final int TYPE = 5;
  private static final int PCI_CLASS = 0x00ff00;
  private static final int QUEUES = 5;
  private static final int INFLATE = 0;
  private static final int DEFLATE = 1;
  private static final int OF_STATISTICS = 2;

  /** le32 pages that are wanted, le32 pages that there are. */
  private static final int CONFIG_LENGTH = 8;

  private static final int ACTUAL = 4;
  private static final long MAX_U32 = 0xffff_ffffL;

  private final GuestMemory memory;
  private final Syscalls syscalls;
  private volatile long wanted;
  private volatile long actual;
  private volatile long accepted;
  private VirtioTransport transport;
  private StatisticsQueue statistics;

  /** Asks for statistics again and again; null where nobody wants that. */
  private Timer refresh;

  /**
   * A balloon of pages of {@code memory}.
   *
   * @param syscalls what guest RAM was mapped with
   * @param wanted pages of 4 KiB that the guest is to put into it, 0 to {@link #MAX_PAGES}
   */
  public VirtioBalloon(GuestMemory memory, Syscalls syscalls, long wanted) {
    requireSize(wanted);
    this.memory = memory;
    this.syscalls = syscalls;
    this.wanted = wanted;
  }

  private static void requireSize(long pages) {
    if (pages < 0 || pages > MAX_PAGES) {
      throw new IllegalArgumentException("a balloon has 0 to 2^32 - 1 pages");
    }
  }

  /** Asks the guest to put so many pages into it in all, 0 to {@link #MAX_PAGES}. Any thread. */
  public void resize(long pages) {
    requireSize(pages);
    wanted = pages;
    transport.configChanged();
  }

  /** Pages that the guest is to put into it. */
  public long wanted() {
    return wanted;
  }

  /** Pages that the guest says it has put into it. */
  public long actual() {
    return actual;
  }

  /** What the guest said of its memory last; null for nothing yet. Any thread may ask. */
  public GuestStatistics statistics() {
    return statistics.latest();
  }

  /**
   * As above, but asks the guest anew.
   *
   * @param millis how long it may take to answer; after that, what it said last is returned
   */
  public GuestStatistics newStatistics(long millis) throws InterruptedException {
    return statistics.await(millis);
  }

  /** Asks the guest for statistics each {@code nanos} from now on; once only. */
  public void refreshStatistics(EventLoop loop, long nanos) {
    refresh = loop.timer(statistics::update);
    refresh.armPeriodic(nanos);
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
    return STATISTICS | DEFLATE_ON_OOM | PAGE_REPORTING;
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
  public QueueHandler handler(int index, VirtioTransport toDriver) {
    transport = toDriver;
    GuestPages pages = new GuestPages(syscalls, toDriver);
    return switch (index) {
      case INFLATE -> new PageNumbers(memory, pages);
      case DEFLATE -> new PageNumbers(memory, null);
      case OF_STATISTICS -> {
        statistics = new StatisticsQueue(toDriver, index);
        yield new QueueSwitch(this::hasStatistics, new PageReports(pages), statistics);
      }
      default -> new PageReports(pages);
    };
  }

  private boolean hasStatistics() {
    return (accepted & STATISTICS) != 0;
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
  public void negotiated(long features) {
    accepted = features;
  }

  @Override
  public void reset() {
    actual = 0;
    accepted = 0;
    statistics.forget();
  }

  @Override
  public void close() {
    if (refresh != null) {
      refresh.close();
    }
  }
}
