package javelin.devices.virtio.vhostuser;

import java.util.concurrent.TimeUnit;
import javelin.vmm.event.EventLoop;
import javelin.vmm.event.Readiness;
import javelin.vmm.linux.Errno;
import javelin.vmm.linux.Fd;
import javelin.vmm.linux.NativeMemory;
import javelin.vmm.linux.Syscalls;
import org.agrona.concurrent.UnsafeBuffer;

/**
 * Messages of vhost-user on a stream socket: u32 request, u32 flags, u32 bytes of the payload, then
 * the payload. Descriptors go along as SCM_RIGHTS (cmsg(3)).
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

  /** struct msghdr: u64 name, u32 length, u64 iovecs, u64 count, u64 control, u64 length. */
  private static final int MSGHDR_LENGTH = 56;

  private static final int MSG_IOVECS = 16;
  private static final int MSG_IOVEC_COUNT = 24;
  private static final int MSG_CONTROL = 32;
  private static final int MSG_CONTROL_LENGTH = 40;

  /** struct cmsghdr: u64 length, u32 level, u32 type, data. */
  private static final int CMSG_DATA = 16;

  private static final int SOL_SOCKET = 1;
  private static final int SCM_RIGHTS = 1;

  private final Fd fd;
  private final Readiness readiness;
  private final Syscalls syscalls;
  private final UnsafeBuffer message = NativeMemory.allocate(HEADER + MOST_PAYLOAD);
  private final UnsafeBuffer header = NativeMemory.allocate(MSGHDR_LENGTH);
  private final UnsafeBuffer iovec = NativeMemory.allocate(2 * Long.BYTES);
  private final UnsafeBuffer control = NativeMemory.allocate(CMSG_DATA + MOST_FDS * Integer.BYTES);

  /** Messages on {@code fd}, which is closed with this; also where this throws. */
  MessageSocket(Fd fd) {
    this.fd = fd;
    syscalls = fd.linux().syscalls();
    try {
      readiness = new Readiness(fd);
    } catch (RuntimeException e) {
      fd.close();
      throw e;
    }
  }

  /** The socket. */
  Fd fd() {
    return fd;
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
    iovec.putLong(0, message.addressOffset());
    iovec.putLong(Long.BYTES, HEADER + length);
    header.putLong(MSG_IOVECS, iovec.addressOffset());
    header.putLong(MSG_IOVEC_COUNT, 1);
    int controlLength = fds.length == 0 ? 0 : CMSG_DATA + fds.length * Integer.BYTES;
    header.putLong(MSG_CONTROL, controlLength == 0 ? 0 : control.addressOffset());
    header.putLong(MSG_CONTROL_LENGTH, controlLength);
    control.putLong(0, controlLength);
    control.putInt(Long.BYTES, SOL_SOCKET);
    control.putInt(Long.BYTES + Integer.BYTES, SCM_RIGHTS);
    for (int i = 0; i < fds.length; i++) {
      control.putInt(CMSG_DATA + i * Integer.BYTES, fds[i].number());
    }
    long deadline = deadline();
    long sent = syscalls.sendmsg(fd.number(), header.addressOffset(), 0);
    while (Errno.EAGAIN.is(sent) || Errno.EINTR.is(sent)) {
      await(EventLoop.WRITABLE, deadline, request);
      sent = syscalls.sendmsg(fd.number(), header.addressOffset(), 0);
    }
    if (sent != HEADER + length) {
      throw new VhostUserException(
          sent < 0
              ? "it takes no " + request + ": " + Errno.describe((int) -sent)
              : "it takes a part only of " + request);
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
      long read =
          syscalls.read(fd.number(), message.addressOffset() + offset + done, length - done);
      if (read > 0) {
        done += (int) read;
      } else if (Errno.EAGAIN.is(read) || Errno.EINTR.is(read)) {
        await(EventLoop.READABLE, deadline, request);
      } else {
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

  private void await(int events, long deadline, Request request) {
    long left = TimeUnit.NANOSECONDS.toMillis(deadline - System.nanoTime());
    if (!readiness.await(events, left)) {
      throw new VhostUserException(
          "it has not dealt with " + request + " in " + PATIENCE_MILLIS / 1000 + " s");
    }
  }

  @Override
  public void close() {
    readiness.close();
    fd.close();
  }
}
