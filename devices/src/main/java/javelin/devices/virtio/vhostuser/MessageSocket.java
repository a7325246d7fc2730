package javelin.devices.virtio.vhostuser;

import java.util.List;
import java.util.concurrent.TimeUnit;
import javelin.vmm.linux.DescriptorSocket;
import javelin.vmm.linux.Errno;
import javelin.vmm.linux.Fd;
import javelin.vmm.linux.NativeMemory;
import org.agrona.concurrent.UnsafeBuffer;

/**
 * Messages of vhost-user on a stream socket: u32 request, u32 flags, u32 bytes of the payload, then
 * the payload. Descriptors go along with those that are sent.
 *
 * <p>Each wait is bounded. For one thread at a time.
 */
final class MessageSocket implements AutoCloseable {
  /** Bytes of payload at most: of a memory table with all its regions. */
  static final int MOST_PAYLOAD = 512;

  /** Descriptors that go along at most. */
  static final int MOST_FDS = 8;

  static final int VERSION = 1;
  static final int REPLY = 1 << 2;
  static final int NEED_REPLY = 1 << 3;

  private static final int VERSION_MASK = 3;
  private static final int HEADER = 12;
  private static final int FLAGS = 4;
  private static final int SIZE = 8;
  private static final long PATIENCE_MILLIS = 5_000;

  private final DescriptorSocket socket;
  private final UnsafeBuffer message = NativeMemory.allocate(HEADER + MOST_PAYLOAD);

  /** Messages on {@code fd}, which is closed with this. */
  MessageSocket(Fd fd) {
    socket = new DescriptorSocket(fd);
  }

  /** The socket. */
  Fd fd() {
    return socket.fd();
  }

  /** The payload of the next message to be sent, and of the last one received. */
  long getLong(int offset) {
    return message.getLong(HEADER + offset);
  }

  int getInt(int offset) {
    return message.getInt(HEADER + offset);
  }

  byte getByte(int offset) {
    return message.getByte(HEADER + offset);
  }

  MessageSocket putLong(int offset, long value) {
    message.putLong(HEADER + offset, value);
    return this;
  }

  MessageSocket putInt(int offset, int value) {
    message.putInt(HEADER + offset, value);
    return this;
  }

  /**
   * Sends a message.
   *
   * @param length bytes of its payload, which is there already
   * @throws VhostUserException where it cannot be sent
   */
  void send(Request request, int flags, int length, Fd... fds) {
    message.putInt(0, request.code());
    message.putInt(FLAGS, VERSION | flags);
    message.putInt(SIZE, length);
    List<Fd> descriptors = List.of(fds);
    long deadline = deadline();
    int sent = 0;
    while (sent < HEADER + length) {
      long result =
          socket.send(
              message.addressOffset() + sent,
              HEADER + length - sent,
              sent == 0 ? descriptors : List.of());
      if (result > 0) {
        sent += (int) result;
      } else if (Errno.EAGAIN.is(result)) {
        await(true, deadline, request);
      } else if (!Errno.EINTR.is(result)) {
        throw new VhostUserException(
            "it takes no " + request + ": " + Errno.describe((int) -result));
      }
    }
  }

  /**
   * Receives the reply to {@code request}, whose payload is then here.
   *
   * @param least bytes that it must have
   * @throws VhostUserException where none comes, or another one
   */
  void receive(Request request, int least) {
    long deadline = deadline();
    read(0, HEADER, deadline, request);
    int size = message.getInt(SIZE);
    int flags = message.getInt(FLAGS);
    if (message.getInt(0) != request.code()
        || (flags & (VERSION_MASK | REPLY)) != (VERSION | REPLY)
        || size < least
        || size > MOST_PAYLOAD) {
      throw new VhostUserException("its answer to " + request + " makes no sense");
    }
    read(HEADER, size, deadline, request);
  }

  private void read(int offset, int length, long deadline, Request request) {
    int done = 0;
    while (done < length) {
      // No answer to what is asked here has descriptors.
      long read = socket.receive(message.addressOffset() + offset + done, length - done, Fd::close);
      if (read > 0) {
        done += (int) read;
      } else if (Errno.EAGAIN.is(read)) {
        await(false, deadline, request);
      } else if (!Errno.EINTR.is(read)) {
        throw new VhostUserException(
            "it ended before it answered "
                + request
                + (read == 0 ? "" : ": " + Errno.describe((int) -read)));
      }
    }
  }

  private static long deadline() {
    return System.nanoTime() + TimeUnit.MILLISECONDS.toNanos(PATIENCE_MILLIS);
  }

  private void await(boolean forWriting, long deadline, Request request) {
    long left = TimeUnit.NANOSECONDS.toMillis(deadline - System.nanoTime());
    if (left <= 0 || !socket.await(forWriting, left)) {
      throw new VhostUserException(
          "it has not dealt with " + request + " in " + PATIENCE_MILLIS / 1000 + " s");
    }
  }

  @Override
  public void close() {
    socket.close();
  }
}
