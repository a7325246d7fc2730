package javelin.devices.virtio.vhostuser;

import java.util.List;
import javelin.devices.virtio.VirtioFeature;
import javelin.vmm.linux.EventFd;
import javelin.vmm.linux.Fd;
import javelin.vmm.linux.Linux;
import javelin.vmm.linux.UnixSocket;
import javelin.vmm.memory.RamRegion;

/**
 * A process that serves the queues of a device, told how by vhost-user: a method for what a front
 * end says.
 *
 * <p>Threads: any; the object's lock guards the socket, and is held while an answer is waited for.
 */
public final class BackEnd implements AutoCloseable {
  /** VHOST_USER_F_PROTOCOL_FEATURES, beside the features of virtio. */
  private static final long PROTOCOL_FEATURES = 1L << 30;

  /** Protocol features. */
  private static final long MQ = 1L;

  private static final long REPLY_ACK = 1L << 3;
  private static final long CONFIG = 1L << 9;
  private static final long KNOWN = MQ | REPLY_ACK | CONFIG;

  /** Features about rings that are the back end's to do. */
  private static final long OF_RINGS =
      VirtioFeature.VERSION_1 | VirtioFeature.INDIRECT_DESC | VirtioFeature.EVENT_IDX;

  private static final int REGION_LENGTH = 32;
  private static final int CONFIG_HEADER = 12;

  private final MessageSocket socket;
  private final long features;
  private long protocolFeatures;

  /**
   * Takes over a connection; it is closed with this, also where this throws.
   *
   * @throws VhostUserException where the back end does not suit
   */
  public BackEnd(Fd connection) {
    socket = new MessageSocket(connection);
    try {
      features = getLong(Request.GET_FEATURES);
      if ((features & VirtioFeature.VERSION_1) == 0) {
        throw new VhostUserException("it does not know virtio 1");
      }
      if ((features & PROTOCOL_FEATURES) != 0) {
        long common = getLong(Request.GET_PROTOCOL_FEATURES) & KNOWN;
        set(Request.SET_PROTOCOL_FEATURES, common);
        protocolFeatures = common;
      }
      tell(Request.SET_OWNER, 0);
    } catch (RuntimeException e) {
      socket.close();
      throw e;
    }
  }

  /**
   * Connects to the back end that listens at {@code path}.
   *
   * @throws javelin.vmm.linux.ErrnoException where none does
   * @throws VhostUserException where it does not suit
   */
  public static BackEnd connect(Linux linux, String path) {
    return new BackEnd(UnixSocket.connect(linux, path));
  }

  /** The socket, which hangs up when the back end ends. */
  Fd fd() {
    return socket.fd();
  }

  /** The features of all kinds that it has. */
  public long features() {
    return features & ~PROTOCOL_FEATURES;
  }

  /** Of these, those about rings that the driver may be offered. */
  public long ringFeatures() {
    return features & OF_RINGS;
  }

  /** The most queues that it serves; 0 where it does not tell. */
  public synchronized int mostQueues() {
    return (protocolFeatures & MQ) == 0
        ? 0
        : (int) Math.min(Integer.MAX_VALUE, getLong(Request.GET_QUEUE_NUM) & Long.MAX_VALUE);
  }

  /**
   * The device's configuration space as the back end has it.
   *
   * @param length bytes from its start
   * @return null where it has none
   */
  public synchronized byte[] config(int length) {
    if ((protocolFeatures & CONFIG) == 0) {
      return null;
    }
    socket.putInt(0, 0).putInt(Integer.BYTES, length).putInt(2 * Integer.BYTES, 0);
    for (int i = 0; i < length; i += Integer.BYTES) {
      socket.putInt(CONFIG_HEADER + i, 0);
    }
    socket.send(Request.GET_CONFIG, 0, CONFIG_HEADER + length);
    // A payload of nothing is how a back end says that it has none.
    socket.receive(Request.GET_CONFIG, 0);
    if (socket.getInt(Integer.BYTES) != length) {
      return null;
    }
    byte[] bytes = new byte[length];
    for (int i = 0; i < length; i++) {
      bytes[i] = socket.getByte(CONFIG_HEADER + i);
    }
    return bytes;
  }

  /** The features that the driver has accepted. */
  synchronized void features(long accepted) {
    set(Request.SET_FEATURES, accepted | protocol());
  }

  private long protocol() {
    return features & PROTOCOL_FEATURES;
  }

  /**
   * Guest RAM from now on.
   *
   * @param regions up to 8, each of a file
   */
  synchronized void memory(List<RamRegion> regions) {
    if (regions.size() > MessageSocket.MOST_FDS) {
      throw new VhostUserException("guest RAM is in more pieces than it can be told of");
    }
    Fd[] files = new Fd[regions.size()];
    socket.putInt(0, files.length).putInt(Integer.BYTES, 0);
    for (int i = 0; i < files.length; i++) {
      RamRegion region = regions.get(i);
      int at = Long.BYTES + i * REGION_LENGTH;
      socket
          .putLong(at, region.guestAddress())
          .putLong(at + 8, region.length())
          .putLong(at + 16, region.hostAddress())
          .putLong(at + 24, region.fileOffset());
      files[i] = region.file();
      if (files[i] == null) {
        throw new VhostUserException("guest RAM at " + region + " cannot be shared with it");
      }
    }
    tell(Request.SET_MEM_TABLE, Long.BYTES + files.length * REGION_LENGTH, files);
  }

  /** What the back end signals where a ring is not as it should be. */
  synchronized void errors(int queue, EventFd event) {
    setEvent(Request.SET_VRING_ERR, queue, event);
  }

  /**
   * Has a queue served.
   *
   * @param base index of the next entry of the available ring
   * @param descriptors process address in this process, as the two that follow
   */
  synchronized void start(
      int queue,
      int size,
      int base,
      long descriptors,
      long available,
      long used,
      EventFd kick,
      EventFd call) {
    setOf(Request.SET_VRING_NUM, queue, size);
    setOf(Request.SET_VRING_BASE, queue, base);
    socket
        .putInt(0, queue)
        .putInt(4, 0)
        .putLong(8, descriptors)
        .putLong(16, used)
        .putLong(24, available)
        .putLong(32, 0);
    tell(Request.SET_VRING_ADDR, 40);
    setEvent(Request.SET_VRING_CALL, queue, call);
    setEvent(Request.SET_VRING_KICK, queue, kick);
    enable(queue, 1);
  }

  private void enable(int queue, int isEnabled) {
    if (protocol() != 0) {
      setOf(Request.SET_VRING_ENABLE, queue, isEnabled);
    }
  }

  /**
   * Has a queue served no longer.
   *
   * @return index of the next entry of the available ring
   */
  synchronized int stop(int queue) {
    enable(queue, 0);
    socket.putInt(0, queue).putInt(Integer.BYTES, 0);
    socket.send(Request.GET_VRING_BASE, 0, Long.BYTES);
    socket.receive(Request.GET_VRING_BASE, Long.BYTES);
    return socket.getInt(Integer.BYTES) & 0xffff;
  }

  private long getLong(Request request) {
    socket.send(request, 0, 0);
    socket.receive(request, Long.BYTES);
    return socket.getLong(0);
  }

  private void set(Request request, long value) {
    socket.putLong(0, value);
    tell(request, Long.BYTES);
  }

  private void setOf(Request request, int queue, int value) {
    socket.putInt(0, queue).putInt(Integer.BYTES, value);
    tell(request, Long.BYTES);
  }

  private void setEvent(Request request, int queue, EventFd event) {
    socket.putLong(0, queue);
    tell(request, Long.BYTES, event.fd());
  }

  /** Says something that has no answer, and hears whether it was taken where that can be. */
  private void tell(Request request, int length, Fd... fds) {
    boolean isAnswered = (protocolFeatures & REPLY_ACK) != 0;
    socket.send(request, isAnswered ? MessageSocket.NEED_REPLY : 0, length, fds);
    if (isAnswered) {
      socket.receive(request, Long.BYTES);
      if (socket.getLong(0) != 0) {
        throw new VhostUserException("it refuses " + request);
      }
    }
  }

  @Override
  public synchronized void close() {
    socket.close();
  }
}
