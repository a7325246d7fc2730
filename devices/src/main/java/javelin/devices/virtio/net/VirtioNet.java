package javelin.devices.virtio.net;

import java.util.function.IntFunction;
import javelin.devices.virtio.ConfigBytes;
import javelin.devices.virtio.QueueContext;
import javelin.devices.virtio.QueueService;
import javelin.devices.virtio.ServiceSwitch;
import javelin.devices.virtio.VirtioDevice;
import javelin.devices.virtio.VirtioTransport;
import javelin.devices.virtio.queue.QueueHandler;
import javelin.devices.virtio.queue.QueueSwitch;
import javelin.devices.virtio.vhost.VhostNet;
import javelin.vmm.event.EventLoop;
import javelin.vmm.linux.ErrnoException;

/**
 * A network device (virtio 1.2, 5.1) on a {@link NetBackend}. Queue 2i receives and queue 2i+1
 * transmits, for each pair i; where there are several pairs, a control queue follows, by which the
 * driver says how many of them it uses. Packets go straight between guest RAM and the host.
 */
public final class VirtioNet implements VirtioDevice {
  /** The most pairs of queues. */
  public static final int MAX_PAIRS = 31;

  static final int QUEUE_SIZE = 256;

  private static final int TYPE = 1;
  private static final int PCI_CLASS = 0x020000;

  /** {@code struct virtio_net_config}: u8 mac[6], le16 status, le16 max_virtqueue_pairs. */
  private static final int CONFIG_LENGTH = 10;

  private static final int CONFIG_STATUS = 6;
  private static final int CONFIG_PAIRS = 8;
  private static final int LINK_UP = 1;

  /** Room for an Ethernet frame of the usual length, and its header. */
  private static final int USUAL_PACKET = 2048;

  private final NetBackend backend;
  private final MacAddress mac;
  private final IntFunction<EventLoop> loops;
  private final long pollNanos;

  /** What serves the queues of packets; null where this process does. */
  private final VhostNet vhost;

  private volatile long accepted;
  private volatile int pairsInUse = 1;
  private volatile boolean isLinkUp = true;
  private VirtioTransport transport;

  /**
   * A device on {@code backend}, which is closed with it.
   *
   * @param loops the event loops of the queues, by their index; those of a pair differ, as both
   *     watch one descriptor
   */
  public VirtioNet(NetBackend backend, MacAddress mac, IntFunction<EventLoop> loops) {
    this(backend, mac, loops, 0);
  }

  /**
   * As above.
   *
   * @param pollNanos as {@link #pollNanos} has it
   */
  public VirtioNet(
      NetBackend backend, MacAddress mac, IntFunction<EventLoop> loops, long pollNanos) {
    this(backend, mac, loops, pollNanos, null);
  }

  /**
   * As above.
   *
   * @param vhost serves the queues of packets, and is closed with the device; null where this
   *     process serves them
   */
  public VirtioNet(
      NetBackend backend,
      MacAddress mac,
      IntFunction<EventLoop> loops,
      long pollNanos,
      VhostNet vhost) {
    this.vhost = vhost;
    this.backend = backend;
    this.pollNanos = pollNanos;
    this.mac = mac;
    this.loops = loops;
    if (backend.pairs() < 1 || backend.pairs() > MAX_PAIRS) {
      throw new IllegalArgumentException("a network device has 1 to " + MAX_PAIRS + " pairs");
    }
  }

  static int receiveIndex(int pair) {
    return 2 * pair;
  }

  static int transmitIndex(int pair) {
    return 2 * pair + 1;
  }

  /** Queues of a device with {@code pairs} pairs. */
  public static int queues(int pairs) {
    return pairs > 1 ? 2 * pairs + 1 : 2;
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
    return "virtio-net";
  }

  @Override
  public long features() {
    return NetFeature.MAC
        | NetFeature.STATUS
        | (vhost == null || vhost.has(NetFeature.MRG_RXBUF) ? NetFeature.MRG_RXBUF : 0)
        | (backend.pairs() > 1 ? NetFeature.CTRL_VQ | NetFeature.MQ : 0)
        | backend.features();
  }

  @Override
  public long queueFeatures() {
    return vhost == null ? VirtioDevice.super.queueFeatures() : vhost.ringFeatures();
  }

  @Override
  public int queues() {
    return queues(backend.pairs());
  }

  @Override
  public int queueSize() {
    return QUEUE_SIZE;
  }

  @Override
  public QueueService service(int index, QueueContext context) {
    if (vhost == null || index / 2 == backend.pairs()) {
      return VirtioDevice.super.service(index, context);
    }
    transport = context.transport();
    QueueService packets = vhost.service(index, context);
    if (index != receiveIndex(1)) {
      return packets;
    }
    try {
      // As below: without the feature for more pairs, it is the control queue.
      QueueService control = VirtioDevice.super.service(index, context);
      return new ServiceSwitch(packets, control, context.loop(), VirtioNet::hasManyPairs);
    } catch (RuntimeException e) {
      packets.close();
      throw e;
    }
  }

  private static boolean hasManyPairs(long features) {
    return (features & NetFeature.MQ) != 0;
  }

  @Override
  public QueueHandler handler(int index, VirtioTransport to) {
    transport = to;
    int pair = index / 2;
    if (pair == backend.pairs() || vhost != null) {
      return new ControlQueue(this);
    }
    EventLoop loop = loops.apply(index);
    if (index == transmitIndex(pair)) {
      return new TransmitQueue(pair, backend.sink(pair), loop, to);
    }
    QueueHandler receive = new ReceiveQueue(this, pair, backend.source(pair), loop, to);
    // Without the feature for more pairs, the control queue follows the first one (5.1.2).
    return pair == 1
        ? new QueueSwitch(this::isSinglePair, receive, new ControlQueue(this))
        : receive;
  }

  private boolean isSinglePair() {
    return !hasManyPairs(accepted);
  }

  /** Whether packets of {@code pair} are to be received. */
  boolean isActive(int pair) {
    return pair < pairsInUse;
  }

  /** Whether a packet may fill several of the driver's buffers. */
  boolean isMergeable() {
    return (accepted & NetFeature.MRG_RXBUF) != 0;
  }

  /** Bytes, with the header, that few packets exceed. */
  int usualPacket() {
    boolean isSegmented = (accepted & (NetFeature.GUEST_TSO4 | NetFeature.GUEST_TSO6)) != 0;
    return isSegmented ? NetHeader.LENGTH + NetHeader.LONGEST_FRAME : USUAL_PACKET;
  }

  /** The driver uses {@code count} pairs; returns whether that can be. */
  synchronized boolean use(int count) {
    if (count < 1 || count > backend.pairs() || isSinglePair()) {
      return false;
    }
    return change(count);
  }

  private boolean change(int count) {
    int before = pairsInUse;
    // A queue that is done without is left alone before the host takes it away.
    pairsInUse = Math.min(before, count);
    if (!backend.use(count)) {
      pairsInUse = before;
      return false;
    }
    pairsInUse = count;
    for (int i = Math.min(before, count); i < Math.max(before, count); i++) {
      transport.kick(receiveIndex(i));
    }
    return true;
  }

  /** Nothing comes from the host any more. */
  void linkDown(VirtioTransport to) {
    isLinkUp = false;
    to.configChanged();
  }

  @Override
  public int configLength() {
    return CONFIG_LENGTH;
  }

  @Override
  public long readConfig(int offset, int size) {
    return ConfigBytes.read(offset, size, this::configByte);
  }

  private int configByte(int offset) {
    return switch (offset) {
      case CONFIG_STATUS -> isLinkUp ? LINK_UP : 0;
      case CONFIG_PAIRS -> backend.pairs();
      case CONFIG_STATUS + 1, CONFIG_PAIRS + 1 -> 0;
      default -> mac.octet(offset);
    };
  }

  @Override
  public void negotiated(long features) {
    accepted = features;
    offload(features);
  }

  /** The queues are stopped, so the host's end can be set up anew. */
  @Override
  public synchronized void reset() {
    accepted = 0;
    offload(0);
    if (pairsInUse > 1) {
      change(1);
    }
  }

  private void offload(long features) {
    try {
      backend.negotiated(features);
    } catch (ErrnoException e) {
      transport.report("the host does not do what the guest wants of packets: " + e.getMessage());
    }
  }

  @Override
  public void close() {
    if (vhost != null) {
      vhost.close();
    }
    backend.close();
  }
}
