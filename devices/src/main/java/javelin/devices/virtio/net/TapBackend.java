package javelin.devices.virtio.net;

import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;
import javelin.vmm.linux.Errno;
import javelin.vmm.linux.ErrnoException;
import javelin.vmm.linux.Fd;
import javelin.vmm.linux.Linux;
import javelin.vmm.linux.NativeMemory;
import javelin.vmm.linux.Resources;
import org.agrona.concurrent.UnsafeBuffer;

/**
 * A tap interface of the host (uapi linux/if_tun.h), a descriptor for each pair of queues. Packets
 * carry a {@code struct virtio_net_hdr} there, too, so that checksums and segments are left to
 * whoever does them last.
 *
 * <p>{@code struct ifreq} (uapi linux/if.h) is 40 bytes: char name[16], u16 flags.
 */
public final class TapBackend implements NetBackend {
  /** The device that taps are made with. */
  public static final String DEVICE = "/dev/net/tun";

  /** The longest name of an interface. */
  public static final int LONGEST_NAME = 15;

  static final long TUNSETIFF = 0x4004_54caL;
  static final long TUNSETOFFLOAD = 0x4004_54d0L;
  static final long TUNGETIFF = 0x8004_54d2L;
  static final long TUNSETVNETHDRSZ = 0x4004_54d8L;
  static final long TUNSETQUEUE = 0x4004_54d9L;

  /** uapi asm-generic/ioctls.h. */
  static final long FIONBIO = 0x5421;

  static final long FIOCLEX = 0x5451;

  private static final int IFREQ_LENGTH = 40;
  private static final int IFREQ_NAME = 16;
  private static final int IFF_TAP = 0x0002;
  private static final int IFF_NO_PI = 0x1000;
  private static final int IFF_VNET_HDR = 0x4000;
  private static final int IFF_MULTI_QUEUE = 0x0100;
  private static final int IFF_ATTACH_QUEUE = 0x0200;
  private static final int IFF_DETACH_QUEUE = 0x0400;
  private static final int KIND = IFF_TAP | IFF_NO_PI | IFF_VNET_HDR;

  private static final int TUN_F_CSUM = 0x01;
  private static final int TUN_F_TSO4 = 0x02;
  private static final int TUN_F_TSO6 = 0x04;

  private final String name;
  private final List<Fd> queues;
  private final long features;

  /** Pairs that the host brings packets for. */
  private int attached;

  private TapBackend(String name, List<Fd> queues) {
    this.name = name;
    this.queues = queues;
    attached = queues.size();
    UnsafeBuffer length = NativeMemory.allocate(Integer.BYTES);
    length.putInt(0, NetHeader.LENGTH);
    for (Fd queue : queues) {
      int result =
          queue.linux().syscalls().ioctl(queue.number(), TUNSETVNETHDRSZ, length.addressOffset());
      Linux.check(result, "TUNSETVNETHDRSZ", name);
    }
    features = probe();
    if (queues.size() > 1 && !use(1)) {
      throw new ErrnoException("TUNSETQUEUE", name, Errno.EINVAL.number());
    }
  }

  /** What the host does for received packets; what is sent may be anything anyway. */
  private long probe() {
    long of = NetFeature.CSUM | NetFeature.HOST_TSO4 | NetFeature.HOST_TSO6;
    if (offload(TUN_F_CSUM | TUN_F_TSO4 | TUN_F_TSO6) == 0) {
      of |= NetFeature.GUEST_CSUM | NetFeature.GUEST_TSO4 | NetFeature.GUEST_TSO6;
    }
    Linux.check(offload(0), "TUNSETOFFLOAD", name);
    return of;
  }

  /**
   * Opens the tap {@code name}, or makes it, to go with the process.
   *
   * @param pairs 1 or more; more need a tap with several queues
   * @throws ErrnoException naming the call that the host refused
   */
  public static TapBackend open(Linux linux, String name, int pairs) {
    List<Fd> queues = new ArrayList<>();
    Resources opened = new Resources();
    try {
      int flags = pairs > 1 ? KIND | IFF_MULTI_QUEUE : KIND;
      for (int i = 0; i < pairs; i++) {
        Fd fd = opened.own(linux.open(DEVICE, Linux.O_RDWR | Linux.O_NONBLOCK));
        queues.add(fd);
        attach(fd, name, flags);
      }
      return new TapBackend(name, queues);
    } catch (RuntimeException e) {
      opened.closeAfter(e);
      throw e;
    }
  }

  private static void attach(Fd fd, String name, int flags) {
    UnsafeBuffer request = request(name, flags);
    int result = fd.linux().syscalls().ioctl(fd.number(), TUNSETIFF, request.addressOffset());
    if (Errno.EINVAL.is(result) && (flags & IFF_MULTI_QUEUE) == 0) {
      // One queue of a tap that was made for several.
      request = request(name, flags | IFF_MULTI_QUEUE);
      result = fd.linux().syscalls().ioctl(fd.number(), TUNSETIFF, request.addressOffset());
    }
    Linux.check(result, "TUNSETIFF", name);
  }

  private static UnsafeBuffer request(String name, int flags) {
    UnsafeBuffer request = NativeMemory.allocate(IFREQ_LENGTH);
    byte[] bytes = name.getBytes(StandardCharsets.US_ASCII);
    if (bytes.length > LONGEST_NAME) {
      throw new IllegalArgumentException("a tap's name has up to " + LONGEST_NAME + " bytes");
    }
    request.putBytes(0, bytes);
    request.putShort(IFREQ_NAME, (short) flags);
    return request;
  }

  /**
   * Takes over the descriptor of a tap that the process was started with.
   *
   * @param number closed with this, but not where this throws for what it is
   * @throws IllegalArgumentException where it is no tap, or one of another kind
   */
  public static TapBackend adopt(Linux linux, int number) {
    UnsafeBuffer request = NativeMemory.allocate(IFREQ_LENGTH);
    int result = linux.syscalls().ioctl(number, TUNGETIFF, request.addressOffset());
    if (result < 0) {
      throw new IllegalArgumentException("is no open tap: " + Errno.describe(-result));
    }
    if ((request.getShort(IFREQ_NAME) & KIND) != KIND) {
      throw new IllegalArgumentException("is no tap with IFF_NO_PI and IFF_VNET_HDR");
    }
    String name = request.getStringWithoutLengthAscii(0, IFREQ_NAME);
    String text = name.indexOf(0) < 0 ? name : name.substring(0, name.indexOf(0));
    Fd fd = linux.own(number, "", text);
    try {
      UnsafeBuffer one = NativeMemory.allocate(Integer.BYTES);
      one.putInt(0, 1);
      fd.ioctl("FIOCLEX", FIOCLEX, 0);
      fd.ioctl("FIONBIO", FIONBIO, one.addressOffset());
      return new TapBackend(text, List.of(fd));
    } catch (RuntimeException e) {
      fd.close();
      throw e;
    }
  }

  @Override
  public String name() {
    return name;
  }

  @Override
  public int pairs() {
    return queues.size();
  }

  @Override
  public long features() {
    return features;
  }

  /** The descriptor of each pair, for the kernel to be given. */
  public List<Fd> descriptors() {
    return List.copyOf(queues);
  }

  @Override
  public NetSource source(int index) {
    return new TapSource(queues.get(index));
  }

  @Override
  public NetSink sink(int index) {
    return new TapSink(queues.get(index));
  }

  @Override
  public void negotiated(long accepted) {
    int flags = 0;
    if ((accepted & NetFeature.GUEST_CSUM) != 0) {
      // The kernel takes the others together with checksums only, and so does the specification.
      flags =
          TUN_F_CSUM
              | ((accepted & NetFeature.GUEST_TSO4) == 0 ? 0 : TUN_F_TSO4)
              | ((accepted & NetFeature.GUEST_TSO6) == 0 ? 0 : TUN_F_TSO6);
    }
    Linux.check(offload(flags), "TUNSETOFFLOAD", name);
  }

  private int offload(int flags) {
    Fd fd = queues.get(0);
    return fd.linux().syscalls().ioctl(fd.number(), TUNSETOFFLOAD, flags);
  }

  @Override
  public boolean use(int count) {
    int before = attached;
    if (attach(count)) {
      return true;
    }
    attach(before); // As far as the host lets it.
    return false;
  }

  private boolean attach(int count) {
    while (attached != count) {
      boolean isMore = attached < count;
      if (!change(isMore ? attached : attached - 1, isMore)) {
        return false;
      }
      attached += isMore ? 1 : -1;
    }
    return true;
  }

  private boolean change(int index, boolean isAttach) {
    Fd fd = queues.get(index);
    UnsafeBuffer request = request("", isAttach ? IFF_ATTACH_QUEUE : IFF_DETACH_QUEUE);
    return fd.linux().syscalls().ioctl(fd.number(), TUNSETQUEUE, request.addressOffset()) == 0;
  }

  @Override
  public void close() {
    Resources owned = new Resources();
    queues.forEach(owned::own);
    owned.close();
  }
}
