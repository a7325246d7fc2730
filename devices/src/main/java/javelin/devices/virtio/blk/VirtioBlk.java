package javelin.devices.virtio.blk;

import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;
import javelin.devices.virtio.QueueContext;
import javelin.devices.virtio.QueueService;
import javelin.devices.virtio.VirtioDevice;
import javelin.devices.virtio.VirtioTransport;
import javelin.devices.virtio.queue.QueueHandler;

/**
 * A block device (virtio 1.2, 5.2) on a {@link BlockBackend}: reads, writes, flushes, discards and
 * zeroes, on one or more queues.
 *
 * <p>Where the driver does not take flushes, each write is made durable before it ends.
 */
public final class VirtioBlk implements VirtioDevice {
  /** The longest serial number, in bytes. */
  public static final int SERIAL_LENGTH = 20;

  /** The most queues. */
  public static final int MAX_QUEUES = 64;

  static final long SEG_MAX = 1L << 2;
  static final long RO = 1L << 5;
  static final long BLK_SIZE = 1L << 6;
  static final long FLUSH = 1L << 9;
  static final long TOPOLOGY = 1L << 10;
  static final long MQ = 1L << 12;
  static final long DISCARD = 1L << 13;
  static final long WRITE_ZEROES = 1L << 14;

  private static final int TYPE = 2;
  private static final int PCI_CLASS = 0x018000;

  /**
   * Entries of a queue, and so the most buffers of a request (virtio 1.2, 2.7.5.3.1): enough for 1
   * MiB in scattered pages, which with 256 takes two requests and two interrupts.
   */
  static final int QUEUE_SIZE = 512;

  /** Header and status take a buffer each. */
  private static final int SEGMENTS = QUEUE_SIZE - 2;

  private final BlockBackend disk;
  private final byte[] serial;
  private final int queues;
  private final long pollNanos;
  private final BlkConfig config;
  private final List<BlockBackend.Channel> channels = new ArrayList<>();
  private volatile boolean isWriteThrough;

  /**
   * A device on {@code disk}, which is closed with it.
   *
   * @param serial up to 20 bytes of ASCII; may be empty
   * @param queues 1 to 64
   */
  public VirtioBlk(BlockBackend disk, String serial, int queues) {
    this(disk, serial, queues, 0);
  }

  /**
   * As above.
   *
   * @param pollNanos as {@link #pollNanos} has it
   */
  public VirtioBlk(BlockBackend disk, String serial, int queues, long pollNanos) {
    this.disk = disk;
    this.pollNanos = pollNanos;
    this.serial = serial.getBytes(StandardCharsets.US_ASCII);
    this.queues = queues;
    if (this.serial.length > SERIAL_LENGTH) {
      throw new IllegalArgumentException("a serial number has up to 20 characters");
    }
    if (queues < 1 || queues > MAX_QUEUES) {
      throw new IllegalArgumentException("a disk has 1 to " + MAX_QUEUES + " queues");
    }
    config = new BlkConfig(disk, queues, SEGMENTS);
  }

  @Override
  public long pollNanos() {
    return pollNanos;
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
    return "virtio-blk";
  }

  @Override
  public long features() {
    return SEG_MAX
        | BLK_SIZE
        | FLUSH
        | TOPOLOGY
        | (queues > 1 ? MQ : 0)
        | (disk.isReadOnly() ? RO : DISCARD | WRITE_ZEROES);
  }

  @Override
  public int queues() {
    return queues;
  }

  @Override
  public int queueSize() {
    return QUEUE_SIZE;
  }

  @Override
  public QueueHandler handler(int index, VirtioTransport transport) {
    BlockBackend.Channel channel = disk.channel(() -> transport.event(index));
    channels.add(channel);
    return new BlkQueue(this, channel, transport, QUEUE_SIZE);
  }

  @Override
  public QueueService service(int index, QueueContext context) {
    QueueService service = VirtioDevice.super.service(index, context);
    channels.get(index).serveOn(context.loop(), service::serveNow);
    return service;
  }

  @Override
  public int configLength() {
    return BlkConfig.LENGTH;
  }

  @Override
  public long readConfig(int offset, int size) {
    return config.read(offset, size);
  }

  @Override
  public void negotiated(long features) {
    isWriteThrough = (features & FLUSH) == 0;
  }

  /** The disk. */
  BlockBackend disk() {
    return disk;
  }

  /** The serial number. */
  byte[] serial() {
    return serial;
  }

  /** Whether each write is to be made durable. */
  boolean isWriteThrough() {
    return isWriteThrough;
  }

  @Override
  public void close() {
    try {
      channels.forEach(BlockBackend.Channel::close);
    } finally {
      disk.close();
    }
  }
}
