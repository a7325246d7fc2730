package javelin.vmm.linux;

import java.nio.charset.StandardCharsets;
import org.agrona.concurrent.UnsafeBuffer;

/**
 * Stream sockets of the family AF_UNIX, which go by paths.
 *
 * <p>{@code struct sockaddr_un} (uapi linux/un.h): u16 family, char path[108].
 */
public final class UnixSocket {
  /** The longest path, in bytes. */
  public static final int LONGEST_PATH = 107;

  private static final int AF_UNIX = 1;
  private static final int SOCK_STREAM = 1;
  private static final int TYPE = SOCK_STREAM | Linux.O_NONBLOCK | Linux.O_CLOEXEC;
  private static final int SUN_PATH = 2;

  private UnixSocket() {}

  /**
   * The {@code struct sockaddr_un} of {@code path}.
   *
   * @throws IllegalArgumentException where the path is empty, or longer than {@link #LONGEST_PATH}
   */
  public static UnsafeBuffer address(String path) {
    byte[] bytes = path.getBytes(StandardCharsets.UTF_8);
    if (bytes.length == 0 || bytes.length > LONGEST_PATH) {
      throw new IllegalArgumentException(
          "the path must have 1 to " + LONGEST_PATH + " bytes, it has " + bytes.length);
    }
    UnsafeBuffer address = NativeMemory.allocate(SUN_PATH + LONGEST_PATH + 1);
    address.putShort(0, (short) AF_UNIX);
    address.putBytes(SUN_PATH, bytes);
    return address;
  }

  /** A socket that is not connected, for {@code path}; O_NONBLOCK is set. */
  public static Fd open(Linux linux, String path) {
    return linux.own(linux.syscalls().socket(AF_UNIX, TYPE, 0), "socket", path);
  }

  /**
   * Connects to what listens at {@code path}; O_NONBLOCK is set.
   *
   * @throws ErrnoException where that fails
   * @throws IllegalArgumentException as {@link #address}
   */
  public static Fd connect(Linux linux, String path) {
    UnsafeBuffer address = address(path);
    Fd fd = open(linux, path);
    try {
      Linux.check(
          linux.syscalls().connect(fd.number(), address.addressOffset(), address.capacity()),
          "connect",
          path);
      return fd;
    } catch (RuntimeException e) {
      fd.close();
      throw e;
    }
  }

  /**
   * Two sockets that are connected to each other; O_NONBLOCK is set.
   *
   * @param subject what they are for, for messages
   */
  public static Fd[] pair(Linux linux, String subject) {
    UnsafeBuffer numbers = NativeMemory.allocate(2 * Integer.BYTES);
    Linux.check(
        linux.syscalls().socketpair(AF_UNIX, TYPE, 0, numbers.addressOffset()),
        "socketpair",
        subject);
    return new Fd[] {
      new Fd(linux, numbers.getInt(0), subject),
      new Fd(linux, numbers.getInt(Integer.BYTES), subject)
    };
  }
}
