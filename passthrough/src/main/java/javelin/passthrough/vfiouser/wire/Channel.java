package javelin.passthrough.vfiouser.wire;

import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.TimeUnit;
import java.util.function.Consumer;
import javelin.vmm.linux.DescriptorSocket;
import javelin.vmm.linux.Errno;
import javelin.vmm.linux.Fd;
import javelin.vmm.linux.NativeMemory;
import org.agrona.CloseHelper;
import org.agrona.concurrent.UnsafeBuffer;

/**
 * One end of a connection: whole messages go out and come in, each with its descriptors. Two
 * buffers hold the one that is sent and the one that was received last; neither way allocates,
 * unless descriptors come.
 *
 * <p>For one thread at a time.
 */
public final class Channel implements AutoCloseable {
  /** The most data in one message ({@code max_data_xfer_size}), in bytes. */
  public static final int MOST_DATA = 64 << 10;

  /** The longest message: room for the largest payload's fixed part, too. */
  private static final int CAPACITY = MessageHeader.LENGTH + 4096 + MOST_DATA;

  private final DescriptorSocket socket;
  private final UnsafeBuffer outgoing = NativeMemory.allocate(CAPACITY);
  private final UnsafeBuffer incoming = NativeMemory.allocate(CAPACITY);
  private final List<Fd> descriptors = new ArrayList<>();

  /** Made once, as no message may allocate. */
  private final Consumer<Fd> keep = descriptors::add;

  /** Takes ownership of a connected socket. */
  public Channel(DescriptorSocket socket) {
    this.socket = socket;
  }

  /** The socket, for the event loop. */
  public Fd fd() {
    return socket.fd();
  }

  /** Where a message is put together that {@link #send} sends. */
  public UnsafeBuffer outgoing() {
    return outgoing;
  }

  /** The message that {@link #receive} has received last. */
  public UnsafeBuffer incoming() {
    return incoming;
  }

  /**
   * Takes the descriptors that came with the last message, which the caller owns then; those that
   * are not taken are closed at the next.
   */
  public List<Fd> takeDescriptors() {
    List<Fd> taken = List.copyOf(descriptors);
    descriptors.clear();
    return taken;
  }

  /** How many descriptors came with the last message and are not taken. */
  public int descriptorCount() {
    return descriptors.size();
  }

  /** Whether there is something to receive, or the peer is gone. */
  public boolean hasInput() {
    return socket.await(false, 0);
  }

  /**
   * Sends the first {@code length} bytes of {@link #outgoing}.
   *
   * @param with descriptors that go along; they stay the caller's
   * @param deadline the time of {@link System#nanoTime} until when the peer may take it
   * @throws PeerException where it does not
   */
  public void send(int length, List<Fd> with, long deadline) {
    int sent = 0;
    while (sent < length) {
      long result =
          socket.send(outgoing.addressOffset() + sent, length - sent, sent == 0 ? with : List.of());
      if (result > 0) {
        sent += (int) result;
      } else if (Errno.EAGAIN.is(result)) {
        await(true, deadline, "takes no more messages");
      } else if (!Errno.EINTR.is(result)) {
        throw lost(result);
      }
    }
  }

  /**
   * Receives a message, a command or a reply.
   *
   * @param deadline the time of {@link System#nanoTime} until when all of it may come
   * @return its whole length
   * @throws PeerException where it does not come, or is no message
   */
  public int receive(long deadline) {
    dropDescriptors();
    receive(0, MessageHeader.LENGTH, deadline);
    long size = MessageHeader.size(incoming);
    if (size < MessageHeader.LENGTH || size > CAPACITY) {
      throw new PeerException(
          "has sent a message of "
              + size
              + " bytes, and messages have "
              + MessageHeader.LENGTH
              + " to "
              + CAPACITY);
    }
    receive(MessageHeader.LENGTH, (int) size, deadline);
    if (!MessageHeader.isCommand(incoming) && !MessageHeader.isReply(incoming)) {
      throw new PeerException("has sent a message that is neither a command nor a reply");
    }
    return (int) size;
  }

  private void receive(int from, int to, long deadline) {
    int at = from;
    while (at < to) {
      long result = socket.receive(incoming.addressOffset() + at, to - at, keep);
      if (result > 0) {
        at += (int) result;
        requireFewDescriptors();
      } else if (result == 0) {
        throw at == 0
            ? PeerException.closed()
            : new PeerException("has closed the connection in a message");
      } else if (Errno.EAGAIN.is(result)) {
        await(false, deadline, at == 0 ? "does not answer" : "does not send the rest of a message");
      } else if (!Errno.EINTR.is(result)) {
        throw lost(result);
      }
    }
  }

  private void requireFewDescriptors() {
    if (socket.isTruncated() || descriptors.size() > DescriptorSocket.MOST_DESCRIPTORS) {
      throw new PeerException(
          "has sent more than " + DescriptorSocket.MOST_DESCRIPTORS + " descriptors at once");
    }
  }

  private void await(boolean forWriting, long deadline, String failure) {
    long left = deadline - System.nanoTime();
    if (left <= 0) {
      throw new PeerException(failure);
    }
    socket.await(forWriting, TimeUnit.NANOSECONDS.toMillis(left) + 1);
  }

  private static PeerException lost(long result) {
    if (Errno.EPIPE.is(result) || Errno.ECONNRESET.is(result)) {
      return PeerException.closed();
    }
    return new PeerException("is gone: " + Errno.describe((int) -result));
  }

  private void dropDescriptors() {
    if (!descriptors.isEmpty()) {
      CloseHelper.quietCloseAll(descriptors);
      descriptors.clear();
    }
  }

  @Override
  public void close() {
    dropDescriptors();
    socket.close();
  }
}
