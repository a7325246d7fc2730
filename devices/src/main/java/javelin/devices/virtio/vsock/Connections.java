package javelin.devices.virtio.vsock;

import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.TimeUnit;
import java.util.function.LongSupplier;
import javelin.devices.virtio.VirtioTransport;
import javelin.devices.virtio.queue.IoVector;
import javelin.vmm.event.EventLoop;
import javelin.vmm.event.Timer;
import javelin.vmm.linux.Errno;
import javelin.vmm.linux.ErrnoException;
import javelin.vmm.linux.Fd;
import javelin.vmm.linux.UnixSocket;
import org.agrona.collections.Long2ObjectHashMap;

/**
 * The connections of a device, each found by its two ports, and what is to be sent to the guest, in
 * turn. Their number is bounded, and so is what waits for each.
 *
 * <p>The object's lock guards all of it. It is taken inside those of the queues; inside it, that of
 * the event loop only.
 */
final class Connections implements AutoCloseable {
  /** The host's CID (virtio 1.2, 5.10.4). */
  static final long HOST_CID = 2;

  /** The most connections at a time. */
  static final int MOST = 128;

  /** How long a guest may take to reset a connection that is shut down both ways. */
  static final long PATIENCE_NANOS = TimeUnit.SECONDS.toNanos(2);

  private static final int EVENTS = EventLoop.READABLE | EventLoop.WRITABLE | EventLoop.EDGE;

  /** Ports of the host's ends of connections that the host asks for: 2^30 to 2^31 - 1. */
  private static final int FIRST_PORT = 1 << 30;

  private final long guestCid;
  private final String path;
  private final EventLoop loop;
  private final LongSupplier clock;
  private final Timer patience;
  private final List<Connection> all = new ArrayList<>();
  private final Long2ObjectHashMap<Connection> byPorts = new Long2ObjectHashMap<>();
  private final ArrayDeque<Connection> scheduled = new ArrayDeque<>(2 * MOST);
  private final ResetQueue resets = new ResetQueue();
  private final PacketHeader header = new PacketHeader();
  private VirtioTransport transport;
  private int nextPort = FIRST_PORT;
  private boolean isClosed;

  /**
   * No connections.
   *
   * @param path where the host's programs listen for the guest's: at {@code path_PORT}
   * @param loop what the sockets are watched on, and the queues served
   * @param clock nanoseconds
   */
  Connections(EventLoop loop, long guestCid, String path, LongSupplier clock) {
    this.loop = loop;
    this.guestCid = guestCid;
    this.path = path;
    this.clock = clock;
    patience = loop.timer(this::giveUp);
  }

  /** The way to the driver, once there is one. */
  synchronized void transport(VirtioTransport newTransport) {
    transport = newTransport;
  }

  private static long key(int guestPort, int hostPort) {
    return (long) guestPort << Integer.SIZE | (hostPort & 0xffff_ffffL);
  }

  /** A program of the host's has connected. */
  synchronized void connected(Fd client) {
    if (isClosed || all.size() == MOST) {
      client.close();
      return;
    }
    add(Connection.ofHost(client));
  }

  private void add(Connection connection) {
    all.add(connection);
    connection.watchedBy(loop.watch(connection.fd(), EVENTS, events -> ready(connection, events)));
  }

  /** Runs on the loop's thread. */
  private void ready(Connection connection, int events) {
    VirtioTransport driver;
    synchronized (this) {
      if (connection.isNameless()) {
        readPort(connection);
      }
      connection.ready(events);
      settle(connection);
      driver = hasPackets() ? transport : null;
    }
    if (driver != null) {
      driver.serve(VirtioVsock.TO_GUEST);
    }
  }

  private void readPort(Connection connection) {
    long port = connection.readPort();
    if (port == Connection.INVALID) {
      connection.end();
    } else if (port != Connection.NOT_YET) {
      int guestPort = (int) port;
      while (byPorts.containsKey(key(guestPort, nextPort))) {
        advancePort();
      }
      connection.request(guestPort, nextPort);
      byPorts.put(key(guestPort, nextPort), connection);
      advancePort();
    }
  }

  private void advancePort() {
    nextPort = (nextPort + 1 & Integer.MAX_VALUE) | FIRST_PORT;
  }

  /** Follows what has become of a connection. */
  private void settle(Connection connection) {
    if (connection.isGone()) {
      long key = key(connection.guestPort(), connection.hostPort());
      if (all.remove(connection) && byPorts.get(key) == connection) {
        byPorts.remove(key);
      }
    } else if (connection.wantsToSend() && !connection.isScheduled()) {
      connection.scheduled(true);
      scheduled.add(connection);
    }
  }

  /** Whether there may be a packet to send. */
  synchronized boolean hasPackets() {
    return !resets.isEmpty() || !scheduled.isEmpty();
  }

  /** Whether a packet of the guest's can be dealt with, whatever it is. */
  synchronized boolean mayReceive() {
    return !resets.isFull();
  }

  /**
   * Deals with a packet of the guest's, whatever it is.
   *
   * @param payload what follows the header
   */
  synchronized void receive(PacketHeader packet, IoVector payload) {
    if (packet.sourceCid() != guestCid) {
      return; // Nobody could be answered.
    }
    Connection connection = byPorts.get(key(packet.sourcePort(), packet.targetPort()));
    if (packet.targetCid() != HOST_CID || packet.type() != PacketHeader.STREAM) {
      answerByReset(packet);
    } else if (connection != null) {
      connection.receive(packet, payload);
      settle(connection);
    } else if (packet.operation() == PacketHeader.REQUEST) {
      connect(packet);
    } else {
      answerByReset(packet);
    }
  }

  private void answerByReset(PacketHeader packet) {
    if (packet.operation() != PacketHeader.RST) {
      resets.answer(packet);
    }
  }

  /** The guest asks for a program of the host's. */
  private void connect(PacketHeader request) {
    if (all.size() == MOST) {
      answerByReset(request);
      return;
    }
    try {
      String target = path + "_" + Integer.toUnsignedString(request.targetPort());
      Connection connection = Connection.ofGuest(UnixSocket.connect(loop.linux(), target), request);
      byPorts.put(key(connection.guestPort(), connection.hostPort()), connection);
      add(connection);
      settle(connection);
    } catch (ErrnoException e) {
      if (!e.is(Errno.ENOENT) && !e.is(Errno.ECONNREFUSED)) {
        transport.report("a connection of the guest's is refused: " + e.getMessage());
      }
      answerByReset(request);
    }
  }

  /**
   * Sends the next packet.
   *
   * @param first where its header goes, of that length
   * @param rest where its payload goes, 1 byte or more
   * @return bytes that are written; 0 where there is no packet
   */
  synchronized int send(IoVector first, IoVector rest) {
    int length = next(rest);
    return length == Connection.NOTHING
        ? 0
        : length + first.write(header.bytes(), 0, PacketHeader.LENGTH);
  }

  private int next(IoVector rest) {
    if (!resets.isEmpty()) {
      boolean wasFull = resets.isFull();
      resets.take(header, guestCid);
      if (wasFull) {
        transport.kick(VirtioVsock.FROM_GUEST);
      }
      return 0;
    }
    Connection connection = scheduled.poll();
    while (connection != null) {
      connection.scheduled(false);
      header.address(HOST_CID, connection.hostPort(), guestCid, connection.guestPort());
      int length = connection.send(header, rest, clock.getAsLong());
      if (connection.deadline() != 0) {
        patience.armAfter(PATIENCE_NANOS);
      }
      settle(connection);
      if (length != Connection.NOTHING) {
        return length;
      }
      connection = scheduled.poll();
    }
    return Connection.NOTHING;
  }

  /** Resets those whose guest has had time enough to do so. */
  private void giveUp() {
    VirtioTransport driver;
    synchronized (this) {
      long now = clock.getAsLong();
      for (Connection connection : List.copyOf(all)) {
        long deadline = connection.deadline();
        if (deadline != 0 && now - deadline >= 0) {
          connection.reset();
          settle(connection);
        } else if (deadline != 0) {
          patience.armAfter(deadline - now);
        }
      }
      driver = hasPackets() ? transport : null;
    }
    if (driver != null) {
      driver.serve(VirtioVsock.TO_GUEST);
    }
  }

  /** The guest knows of no connection any more; those that it has not heard of stay. */
  synchronized void reset() {
    resets.clear();
    for (Connection connection : List.copyOf(all)) {
      if (!connection.isUnknownToGuest()) {
        connection.end();
        scheduled.remove(connection);
        settle(connection);
      }
    }
  }

  /** Ends all connections. */
  @Override
  public synchronized void close() {
    isClosed = true;
    for (Connection connection : all) {
      connection.end();
    }
    all.clear();
    byPorts.clear();
    scheduled.clear();
    patience.close();
  }
}
