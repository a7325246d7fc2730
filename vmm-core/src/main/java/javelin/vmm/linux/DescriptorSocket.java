package javelin.vmm.linux;

import java.util.List;
import java.util.function.Consumer;
import org.agrona.concurrent.UnsafeBuffer;

/**
 * A connected stream socket of AF_UNIX by which descriptors go along with bytes (SCM_RIGHTS, see
 * unix(7)). Nothing blocks but {@link #await}, and nothing allocates but descriptors that come.
 *
 * <pre>
 * struct msghdr: u64 name, u32 namelen, pad, u64 iov, u64 iovlen, u64 control, u64 controllen,
 *   u32 flags, pad
 * struct cmsghdr: u64 len, u32 level, u32 type, then the descriptors, 32 bits each
 * </pre>
 *
 * <p>For one thread at a time.
 */
public final class DescriptorSocket implements AutoCloseable {
  /** The most descriptors that one message carries here; the kernel's limit is 253. */
  public static final int MOST_DESCRIPTORS = 16;

  private static final int IOV = 16;
  private static final int IOV_COUNT = 24;
  private static final int CONTROL = 32;
  private static final int CONTROL_LENGTH = 40;
  private static final int FLAGS = 48;

  /** Behind the header. */
  private static final int IOVEC = 56;

  private static final int IOVEC_LENGTH = 16;
  private static final int ANCILLARY = IOVEC + IOVEC_LENGTH;
  private static final int CMSG_LEVEL = 8;
  private static final int CMSG_TYPE = 12;
  private static final int CMSG_DATA = 16;
  private static final int ANCILLARY_LENGTH = CMSG_DATA + MOST_DESCRIPTORS * Integer.BYTES;

  /** uapi linux/socket.h. */
  private static final int SOL_SOCKET = 1;

  private static final int SCM_RIGHTS = 1;
  private static final int MSG_CTRUNC = 0x8;
  private static final int MSG_DONTWAIT = 0x40;
  private static final int MSG_NOSIGNAL = 0x4000;
  private static final int MSG_CMSG_CLOEXEC = 0x4000_0000;

  private final Fd fd;
  private final Linux linux;
  private final Syscalls syscalls;
  private final Readiness readiness;
  private final UnsafeBuffer memory = NativeMemory.allocate(ANCILLARY + ANCILLARY_LENGTH);
  private final long address = memory.addressOffset();
  private boolean isTruncated;

  /** Takes ownership of a connected socket. */
  public DescriptorSocket(Fd fd) {
    this.fd = fd;
    linux = fd.linux();
    syscalls = linux.syscalls();
    readiness = new Readiness(fd);
    memory.putLong(IOV, address + IOVEC);
    memory.putLong(IOV_COUNT, 1);
  }

  /** The descriptor, for the event loop. */
  public Fd fd() {
    return fd;
  }

  /**
   * Sends as many bytes as the socket takes now, and with the first of them {@code descriptors}.
   *
   * @param from process address of the bytes
   * @param descriptors at most {@link #MOST_DESCRIPTORS}; they stay the caller's
   * @return bytes sent, or {@code -errno}
   */
  public long send(long from, int length, List<Fd> descriptors) {
    memory.putLong(IOVEC, from);
    memory.putLong(IOVEC + Long.BYTES, length);
    int count = descriptors.size();
    if (count == 0) {
      memory.putLong(CONTROL, 0);
      memory.putLong(CONTROL_LENGTH, 0);
    } else {
      int used = CMSG_DATA + count * Integer.BYTES;
      memory.putLong(ANCILLARY, used);
      memory.putInt(ANCILLARY + CMSG_LEVEL, SOL_SOCKET);
      memory.putInt(ANCILLARY + CMSG_TYPE, SCM_RIGHTS);
      for (int i = 0; i < count; i++) {
        memory.putInt(ANCILLARY + CMSG_DATA + i * Integer.BYTES, descriptors.get(i).number());
      }
      memory.putLong(CONTROL, address + ANCILLARY);
      // CMSG_SPACE: a multiple of 8.
      memory.putLong(CONTROL_LENGTH, (used + 7) & -8);
    }
    return syscalls.sendmsg(fd.number(), address, MSG_DONTWAIT | MSG_NOSIGNAL);
  }

  /**
   * Receives as many bytes as are there now.
   *
   * @param to process address of where they go
   * @param descriptors is given, and then owns, each descriptor that came with them
   * @return bytes received; 0 where the peer has closed; or {@code -errno}
   */
  public long receive(long to, int length, Consumer<Fd> descriptors) {
    memory.putLong(IOVEC, to);
    memory.putLong(IOVEC + Long.BYTES, length);
    memory.putLong(CONTROL, address + ANCILLARY);
    memory.putLong(CONTROL_LENGTH, ANCILLARY_LENGTH);
    memory.putInt(FLAGS, 0);
    long received = syscalls.recvmsg(fd.number(), address, MSG_DONTWAIT | MSG_CMSG_CLOEXEC);
    if (received >= 0) {
      isTruncated |= (memory.getInt(FLAGS) & MSG_CTRUNC) != 0;
      takeDescriptors(descriptors);
    }
    return received;
  }

  private void takeDescriptors(Consumer<Fd> descriptors) {
    long used = memory.getLong(CONTROL_LENGTH);
    if (used < CMSG_DATA
        || memory.getInt(ANCILLARY + CMSG_LEVEL) != SOL_SOCKET
        || memory.getInt(ANCILLARY + CMSG_TYPE) != SCM_RIGHTS) {
      return;
    }
    int count = (int) (memory.getLong(ANCILLARY) - CMSG_DATA) / Integer.BYTES;
    for (int i = 0; i < count; i++) {
      int number = memory.getInt(ANCILLARY + CMSG_DATA + i * Integer.BYTES);
      descriptors.accept(new Fd(linux, number, "descriptor from " + fd.subject()));
    }
  }

  /** Whether the peer has sent more descriptors at once than are taken; the rest is closed. */
  public boolean isTruncated() {
    return isTruncated;
  }

  /**
   * Waits for the peer.
   *
   * @param forWriting waits until there is room, else until there is something to receive
   * @param millis the longest time; 0 looks only
   * @return whether it need wait no longer, also where the peer is gone
   */
  public boolean await(boolean forWriting, long millis) {
    return readiness.await(forWriting, millis);
  }

  @Override
  public void close() {
    fd.close();
  }
}
