package javelin.passthrough.vfiouser.client;

import static javelin.passthrough.vfiouser.wire.MessageHeader.LENGTH;

import java.time.Duration;
import java.util.List;
import java.util.function.Consumer;
import javelin.passthrough.vfio.VfioException;
import javelin.passthrough.vfiouser.wire.Channel;
import javelin.passthrough.vfiouser.wire.Command;
import javelin.passthrough.vfiouser.wire.MessageHeader;
import javelin.passthrough.vfiouser.wire.PeerException;
import javelin.passthrough.vfiouser.wire.Version;
import javelin.vmm.linux.Errno;
import javelin.vmm.linux.ErrnoException;
import javelin.vmm.linux.Fd;
import org.agrona.concurrent.UnsafeBuffer;

/**
 * A connection to a server: commands go out one at a time, and what the server asks for in between
 * is done. A server that is gone, does not answer in time or says what it must not is dropped, for
 * good: from then on commands come to nothing.
 *
 * <p>Threads: any. The object's lock guards it; whoever puts a command together holds the lock
 * until the reply is read. A command that succeeds allocates nothing.
 */
final class ClientConnection implements AutoCloseable {
  /** What {@link #call} returns where the server is gone. */
  static final int GONE = Integer.MIN_VALUE;

  /** The largest error number (uapi, MAX_ERRNO). */
  private static final int MOST_ERRNO = 4095;

  private static final int U16 = 0xffff;

  private final String name;
  private final Channel channel;
  private final GuestDma dma;
  private final Duration patience;
  private final Consumer<String> say;
  private final UnsafeBuffer reply = new UnsafeBuffer(0, 0);

  /** What the server has done; null while it is there. */
  private volatile String deed;

  private boolean isClosed;
  private boolean isOpening = true;
  private Runnable whenGone = () -> {};
  private int nextId;
  private Version common = Version.OURS;

  /**
   * @param channel this object's from here on
   * @param dma what the server may ask for
   * @param patience how long the server may take over an answer
   * @param say told, in a line, that the server is gone
   */
  ClientConnection(
      String name, Channel channel, GuestDma dma, Duration patience, Consumer<String> say) {
    this.name = name;
    this.channel = channel;
    this.dma = dma;
    this.patience = patience;
    this.say = say;
  }

  /**
   * Agrees with the server on a version.
   *
   * @throws VfioException where that fails
   */
  synchronized void agree() {
    int length = Version.OURS.put(request(), LENGTH);
    int result = call(Command.VERSION, length, List.of());
    if (result >= 0) {
      try {
        common = Version.OURS.common(Version.get(reply, 0, result));
        Version theirs = Version.get(reply, 0, result);
        if (theirs.major() != Version.OURS.major()) {
          lose("speaks version " + theirs.major() + ", and Javelin speaks 0");
        }
      } catch (PeerException e) {
        lose(e.getMessage());
      }
    }
    requireOpened(Command.VERSION, result);
  }

  /**
   * Requires, while the device is being opened, that a command has not failed.
   *
   * @throws VfioException where it has
   */
  void requireOpened(Command command, int result) {
    if (deed != null) {
      throw new VfioException(
          name + " cannot be assigned: its server " + deed + "; is it one for vfio-user?");
    }
    if (result < 0) {
      throw new VfioException(
          name
              + " cannot be assigned: its server refuses "
              + command.symbol()
              + " with "
              + Errno.describe(-result));
    }
  }

  /** The device is open: from now on a server that goes is told of. */
  synchronized void opened() {
    isOpening = false;
  }

  /** How many descriptors may go with one message. */
  int mostDescriptors() {
    return common.mostDescriptors();
  }

  /** The message to put a command's payload into, behind {@link MessageHeader#LENGTH}. */
  UnsafeBuffer request() {
    return channel.outgoing();
  }

  /** The payload of the reply that {@link #call} has received. */
  UnsafeBuffer reply() {
    return reply;
  }

  /** The descriptors that came with it. */
  List<Fd> takeDescriptors() {
    return channel.takeDescriptors();
  }

  /**
   * Sends the command whose payload is in {@link #request}, and receives its reply. The caller
   * holds the lock.
   *
   * @param length the payload's
   * @param descriptors go along
   * @return the length of the reply's payload; {@code -errno} where the server says so; or {@link
   *     #GONE}
   */
  int call(Command command, int length, List<Fd> descriptors) {
    if (deed != null || isClosed) {
      return GONE;
    }
    try {
      int id = nextId++ & U16;
      long deadline = System.nanoTime() + patience.toNanos();
      MessageHeader.putCommand(channel.outgoing(), id, command, LENGTH + length);
      channel.send(LENGTH + length, descriptors, deadline);
      UnsafeBuffer in = channel.incoming();
      int size = channel.receive(deadline);
      while (MessageHeader.isCommand(in)) {
        serve(size, deadline);
        if (System.nanoTime() - deadline > 0) {
          throw new PeerException("does not answer");
        }
        size = channel.receive(deadline);
      }
      if (MessageHeader.id(in) != id || MessageHeader.command(in) != command.number()) {
        throw new PeerException("has answered what it was not asked");
      }
      if (MessageHeader.isError(in)) {
        int errno = MessageHeader.errno(in);
        return errno > 0 && errno <= MOST_ERRNO ? -errno : -Errno.EIO.number();
      }
      reply.wrap(in, LENGTH, size - LENGTH);
      return size - LENGTH;
    } catch (PeerException e) {
      lose(e.getMessage());
      return GONE;
    }
  }

  /**
   * As {@link #call}, for a command that changes something at a device that is in use.
   *
   * @throws ErrnoException where the server refuses it; where it is gone, nothing happens
   */
  void require(String what, Command command, int length, List<Fd> descriptors) {
    int result = call(command, length, descriptors);
    if (result < 0 && result != GONE) {
      throw new ErrnoException(command.symbol() + what, name, -result);
    }
  }

  private void serve(int size, long deadline) {
    int length = dma.serve(channel.incoming(), size, channel.outgoing());
    if (MessageHeader.wantsReply(channel.incoming())) {
      channel.send(length, List.of(), deadline);
    }
  }

  /**
   * The server says something by itself, or is gone. One thing at a time: between them the guest's
   * accesses have their turn.
   */
  synchronized void ready() {
    try {
      if (deed == null && !isClosed && channel.hasInput()) {
        long deadline = System.nanoTime() + patience.toNanos();
        int size = channel.receive(deadline);
        if (MessageHeader.isReply(channel.incoming())) {
          throw new PeerException("has answered what it was not asked");
        }
        serve(size, deadline);
      }
    } catch (PeerException e) {
      lose(e.getMessage());
    }
  }

  /** Drops the server, for what it has done. The caller holds the lock. */
  void lose(String what) {
    if (deed != null || isClosed) {
      return;
    }
    deed = what;
    channel.close();
    if (!isOpening) {
      say.accept(
          name + " is gone: its server " + what + "; the guest reads all ones of it from now on");
    }
    whenGone.run();
  }

  /** Has {@code handler} run when the server is gone, at once where it is. */
  synchronized void whenGone(Runnable handler) {
    whenGone = handler;
    if (deed != null) {
      handler.run();
    }
  }

  boolean isGone() {
    return deed != null;
  }

  /** The socket, for the event loop. */
  Fd fd() {
    return channel.fd();
  }

  @Override
  public synchronized void close() {
    isClosed = true;
    channel.close();
  }
}
