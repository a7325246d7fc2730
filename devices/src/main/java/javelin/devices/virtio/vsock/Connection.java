package javelin.devices.virtio.vsock;

import java.nio.charset.StandardCharsets;
import javelin.devices.virtio.queue.IoVector;
import javelin.vmm.event.EventLoop;
import javelin.vmm.linux.Errno;
import javelin.vmm.linux.Fd;
import javelin.vmm.linux.NativeMemory;
import javelin.vmm.linux.Syscalls;
import org.agrona.concurrent.UnsafeBuffer;

/**
 * One stream between a program of the guest's and one of the host's, which is behind a Unix socket
 * (virtio 1.2, 5.10.6). Bytes go straight between the socket and guest RAM; what the socket does
 * not take is kept, as much as the guest was told that there is room for.
 *
 * <p>How much that is follows from two counts, of bytes that came from the guest and of those that
 * the socket has taken: what is between them is kept, at the same places modulo {@link #ROOM}.
 *
 * <p>Nothing of it allocates for a packet. Guarded by the lock of its {@link Connections}.
 */
final class Connection {
  /** Bytes of the guest's that are kept at most, a power of two. */
  static final int ROOM = 128 << 10;

  /** No packet is to be sent. */
  static final int NOTHING = -1;

  /** {@link #readPort} has read no whole line yet. */
  static final long NOT_YET = -1;

  /** {@link #readPort} has read a line that is none, or the end. */
  static final long INVALID = -2;

  private static final int MASK = ROOM - 1;
  private static final long MAX_U32 = 0xffff_ffffL;
  private static final int LONGEST_LINE = "CONNECT 4294967295\n".length();
  private static final String COMMAND = "CONNECT ";
  private static final int SHUT_RECEIVE = 0;
  private static final int SHUT_SEND = 1;
  private static final int BOTH = PacketHeader.NO_RECEIVE | PacketHeader.NO_SEND;

  /** What is to be told, a bit each. */
  private static final int TELL_REQUEST = 1;

  private static final int TELL_RESPONSE = 2;
  private static final int TELL_CREDIT = 4;
  private static final int ASK_FOR_CREDIT = 8;

  private enum State {
    /** A program of the host's has connected, and not said to which port. */
    NAMELESS,
    /** The guest is asked, or to be asked, whether it takes the connection. */
    REQUESTED,
    OPEN,
    /** Closed on the host's side; the guest is to be told. */
    RESET,
    /** Closed on both sides. */
    GONE
  }

  private final Fd fd;
  private final Syscalls syscalls;
  private State state;
  private int guestPort;
  private int hostPort;
  private EventLoop.Watch watch;

  /** Whether it waits for its turn to send a packet. */
  private boolean isScheduled;

  private int telling;

  /** Flags of the shutdown that the guest is to be told of, and has been told of. */
  private int shutdown;

  private int toldShutdown;

  /** Flags of the shutdowns that the guest told of. */
  private int guestShutdown;

  /** Whether the socket has been told that no more is sent. */
  private boolean isSendingOver;

  /** When a guest that has been told of a complete shutdown is given up. */
  private long deadline;

  /** Whether a read may find something, and a hang-up was seen. */
  private boolean isReadable;

  private boolean isHungUp;

  /** Bytes that came from the guest, that the socket took, and of which the guest was told. */
  private int received;

  private int forwarded;
  private int announced;

  /** Bytes that went to the guest, and what it says of its room. */
  private int sent;

  private long guestRoom;
  private int guestForwarded;
  private boolean hasAskedForCredit;

  /** The line of a nameless one; null once it is read. */
  private StringBuilder line;

  /** Null as long as nothing had to be kept. */
  private UnsafeBuffer kept;

  private Connection(Fd fd, State state) {
    this.fd = fd;
    this.state = state;
    syscalls = fd.linux().syscalls();
  }

  /** Of a program that has connected to the host's socket. */
  static Connection ofHost(Fd fd) {
    Connection connection = new Connection(fd, State.NAMELESS);
    connection.line = new StringBuilder();
    return connection;
  }

  /** As the guest asks for it, connected to the host's program already. */
  static Connection ofGuest(Fd fd, PacketHeader request) {
    Connection connection = new Connection(fd, State.OPEN);
    connection.guestPort = request.sourcePort();
    connection.hostPort = request.targetPort();
    connection.noteCredit(request);
    connection.telling = TELL_RESPONSE;
    return connection;
  }

  Fd fd() {
    return fd;
  }

  void watchedBy(EventLoop.Watch newWatch) {
    watch = newWatch;
  }

  int guestPort() {
    return guestPort;
  }

  int hostPort() {
    return hostPort;
  }

  boolean isNameless() {
    return state == State.NAMELESS;
  }

  boolean isGone() {
    return state == State.GONE;
  }

  /** Whether the guest has heard nothing of it. */
  boolean isUnknownToGuest() {
    return state == State.NAMELESS || (state == State.REQUESTED && (telling & TELL_REQUEST) != 0);
  }

  boolean isScheduled() {
    return isScheduled;
  }

  void scheduled(boolean nowScheduled) {
    isScheduled = nowScheduled;
  }

  /** Nanoseconds at which the guest is given up; 0 where nothing is expected of it. */
  long deadline() {
    return state == State.OPEN ? deadline : 0;
  }

  /**
   * Reads on in the line {@code CONNECT <port>} of a nameless one, and not beyond it.
   *
   * @return the port, or {@link #NOT_YET} or {@link #INVALID}
   */
  long readPort() {
    UnsafeBuffer one = NativeMemory.allocate(1);
    while (line.length() < LONGEST_LINE) {
      long read = syscalls.read(fd.number(), one.addressOffset(), 1);
      if (Errno.EAGAIN.is(read) || Errno.EINTR.is(read)) {
        return NOT_YET;
      }
      if (read <= 0) {
        return INVALID;
      }
      if (one.getByte(0) == '\n') {
        return port(line.toString().stripTrailing());
      }
      line.append((char) one.getByte(0));
    }
    return INVALID;
  }

  private static long port(String command) {
    try {
      return command.startsWith(COMMAND)
          ? Integer.toUnsignedLong(Integer.parseUnsignedInt(command.substring(COMMAND.length())))
          : INVALID;
    } catch (NumberFormatException e) {
      return INVALID;
    }
  }

  /** A nameless one asks for a port of the guest's. */
  void request(int newGuestPort, int newHostPort) {
    guestPort = newGuestPort;
    hostPort = newHostPort;
    line = null;
    state = State.REQUESTED;
    telling = TELL_REQUEST;
  }

  /** Deals with what the socket has to say: a mask of the events of {@link EventLoop}. */
  void ready(int events) {
    isHungUp |= (events & (EventLoop.HANG_UP | EventLoop.ERROR)) != 0;
    isReadable |= isHungUp || (events & EventLoop.READABLE) != 0;
    if (state == State.REQUESTED && isHungUp) {
      if (isUnknownToGuest()) {
        end();
      } else {
        reset();
      }
    } else if (state == State.OPEN) {
      flush();
      if (isHungUp && (guestShutdown & PacketHeader.NO_RECEIVE) != 0) {
        reset();
      } else if (isHungUp && (shutdown & PacketHeader.NO_SEND) != 0) {
        shutdown = BOTH;
      }
    }
  }

  private int keptBytes() {
    return received - forwarded;
  }

  /** Sends what is kept, as far as the socket takes it. */
  private void flush() {
    while (keptBytes() > 0) {
      int from = forwarded & MASK;
      int length = Math.min(keptBytes(), ROOM - from);
      long done = syscalls.write(fd.number(), kept.addressOffset() + from, length);
      if (done >= 0) {
        forwarded += (int) done;
      } else if (Errno.EAGAIN.is(done)) {
        break;
      } else if (!Errno.EINTR.is(done)) {
        discardOutput();
      }
    }
    forwardedMore();
  }

  /** The host's program reads no more; what comes for it is lost, as in a socket. */
  private void discardOutput() {
    forwarded = received;
    shutdown |= PacketHeader.NO_RECEIVE;
  }

  private void forwardedMore() {
    if (forwarded - announced >= ROOM / 2) {
      telling |= TELL_CREDIT;
    }
    if (keptBytes() > 0 || (guestShutdown & PacketHeader.NO_SEND) == 0) {
      return;
    }
    if (guestShutdown == BOTH) {
      reset();
    } else if (!isSendingOver) {
      isSendingOver = true;
      syscalls.shutdown(fd.number(), SHUT_SEND);
    }
  }

  private void noteCredit(PacketHeader packet) {
    guestRoom = packet.bufferSize();
    guestForwarded = packet.forwarded();
    if (credit() > 0) {
      hasAskedForCredit = false;
    }
  }

  /** Bytes that the guest has room for. */
  private long credit() {
    return Math.max(0, guestRoom - (sent - guestForwarded & MAX_U32));
  }

  /**
   * Deals with a packet of the guest's.
   *
   * @param payload what follows the header
   */
  void receive(PacketHeader packet, IoVector payload) {
    if (state == State.RESET || state == State.GONE) {
      return;
    }
    noteCredit(packet);
    switch (packet.operation()) {
      case PacketHeader.RST -> end();
      case PacketHeader.RESPONSE -> accepted();
      case PacketHeader.RW -> receiveBytes(packet.payload(), payload);
      case PacketHeader.SHUTDOWN -> receiveShutdown(packet.flags() & BOTH);
      case PacketHeader.CREDIT_UPDATE -> {}
      case PacketHeader.CREDIT_REQUEST -> telling |= TELL_CREDIT;
      default -> reset();
    }
  }

  /** Tells the host's program that the guest has taken its connection. */
  private void accepted() {
    if (state != State.REQUESTED || isUnknownToGuest()) {
      reset();
      return;
    }
    state = State.OPEN;
    byte[] answer =
        ("OK " + Integer.toUnsignedString(hostPort) + "\n").getBytes(StandardCharsets.US_ASCII);
    UnsafeBuffer bytes = NativeMemory.allocate(answer.length);
    bytes.putBytes(0, answer);
    if (syscalls.write(fd.number(), bytes.addressOffset(), answer.length) != answer.length) {
      reset();
    }
  }

  private void receiveBytes(long length, IoVector payload) {
    boolean isSending = state == State.OPEN && (guestShutdown & PacketHeader.NO_SEND) == 0;
    if (!isSending || length > payload.bytes() || length > ROOM - keptBytes()) {
      reset();
      return;
    }
    payload.limit(length);
    if ((shutdown & PacketHeader.NO_RECEIVE) == 0 && keptBytes() == 0) {
      send(payload);
    }
    if ((shutdown & PacketHeader.NO_RECEIVE) != 0) {
      received += (int) payload.bytes();
      forwarded = received;
    } else if (payload.bytes() > 0) {
      keep(payload);
    }
    forwardedMore();
  }

  private void send(IoVector payload) {
    while (payload.bytes() > 0) {
      long done = syscalls.writev(fd.number(), payload.address(), payload.count());
      if (done >= 0) {
        payload.skip(done);
        received += (int) done;
        forwarded += (int) done;
      } else if (Errno.EAGAIN.is(done)) {
        return;
      } else if (!Errno.EINTR.is(done)) {
        discardOutput();
        return;
      }
    }
  }

  private void keep(IoVector payload) {
    if (kept == null) {
      kept = NativeMemory.allocate(ROOM);
    }
    while (payload.bytes() > 0) {
      int at = received & MASK;
      received += payload.read(kept, at, (int) Math.min(payload.bytes(), ROOM - at));
    }
  }

  private void receiveShutdown(int flags) {
    if (state != State.OPEN) {
      reset();
      return;
    }
    int added = flags & ~guestShutdown;
    guestShutdown |= flags;
    if ((added & PacketHeader.NO_RECEIVE) != 0) {
      syscalls.shutdown(fd.number(), SHUT_RECEIVE);
    }
    forwardedMore();
  }

  private boolean mayRead() {
    return state == State.OPEN
        && isReadable
        && ((shutdown & PacketHeader.NO_SEND) | (guestShutdown & PacketHeader.NO_RECEIVE)) == 0;
  }

  /** Whether the guest is to hear something. */
  boolean wantsToSend() {
    if (state == State.RESET || telling != 0 || shutdown != toldShutdown) {
      return state != State.GONE;
    }
    return mayRead() && (credit() > 0 || !hasAskedForCredit);
  }

  /**
   * Puts the next packet for the guest together.
   *
   * @param header filled, but for the CIDs
   * @param room for the payload, 1 byte or more; taken off where there was nothing to read, too
   * @param now nanoseconds
   * @return bytes of the payload, 0 or more; {@link #NOTHING} where there is no packet
   */
  int send(PacketHeader header, IoVector room, long now) {
    int length = 0;
    if (state == State.GONE) {
      return NOTHING;
    }
    if (state == State.RESET) {
      state = State.GONE;
      header.operation(PacketHeader.STREAM, PacketHeader.RST, 0);
    } else if (told(TELL_REQUEST)) {
      header.operation(PacketHeader.STREAM, PacketHeader.REQUEST, 0);
    } else if (told(TELL_RESPONSE)) {
      header.operation(PacketHeader.STREAM, PacketHeader.RESPONSE, 0);
    } else {
      length = mayRead() ? read(room) : 0;
      if (length > 0) {
        header.operation(PacketHeader.STREAM, PacketHeader.RW, 0);
      } else if (state == State.RESET) {
        return send(header, room, now);
      } else if (told(TELL_CREDIT)) {
        header.operation(PacketHeader.STREAM, PacketHeader.CREDIT_UPDATE, 0);
      } else if (told(ASK_FOR_CREDIT)) {
        header.operation(PacketHeader.STREAM, PacketHeader.CREDIT_REQUEST, 0);
      } else if (shutdown != toldShutdown) {
        header.operation(PacketHeader.STREAM, PacketHeader.SHUTDOWN, shutdown);
        toldShutdown = shutdown;
        deadline = shutdown == BOTH ? now + Connections.PATIENCE_NANOS : 0;
      } else {
        return NOTHING;
      }
    }
    telling &= ~TELL_CREDIT; // As each packet tells of it.
    announced = forwarded;
    header.payload(length).credit(ROOM, forwarded);
    return length;
  }

  private boolean told(int bit) {
    boolean isToBeTold = (telling & bit) != 0;
    telling &= ~bit;
    return isToBeTold;
  }

  /** Reads from the socket into the guest's buffers; 0 where there is nothing, or no credit. */
  private int read(IoVector room) {
    long credit = credit();
    if (credit == 0) {
      if (!hasAskedForCredit) {
        hasAskedForCredit = true;
        telling |= ASK_FOR_CREDIT;
      }
      return 0;
    }
    room.limit(credit);
    long read = syscalls.readv(fd.number(), room.address(), room.count());
    while (Errno.EINTR.is(read)) {
      read = syscalls.readv(fd.number(), room.address(), room.count());
    }
    if (read > 0) {
      sent += (int) read;
      return (int) read;
    }
    isReadable = false;
    if (read == 0) {
      shutdown |= isHungUp ? BOTH : PacketHeader.NO_SEND;
    } else if (!Errno.EAGAIN.is(read)) {
      reset();
    }
    return 0;
  }

  /** Closes it on the host's side, and has the guest told. */
  void reset() {
    if (state != State.GONE) {
      state = State.RESET;
      closeHost();
    }
  }

  /** Closes it; the guest knows, or never knew. */
  void end() {
    state = State.GONE;
    closeHost();
  }

  private void closeHost() {
    kept = null;
    if (watch != null) {
      watch.close();
      watch = null;
    }
    fd.close();
  }
}
