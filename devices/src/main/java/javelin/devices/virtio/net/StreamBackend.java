package javelin.devices.virtio.net;

import java.nio.charset.StandardCharsets;
import javelin.vmm.linux.Fd;
import javelin.vmm.linux.Linux;
import javelin.vmm.linux.NativeMemory;
import org.agrona.concurrent.UnsafeBuffer;

/**
 * A stream socket on which each frame follows its length, 32 bits in network byte order, as
 * passt(1) and QEMU's stream back end have it. Checksums and segments are complete.
 *
 * <p>{@code struct sockaddr_un} (uapi linux/un.h): u16 family, char path[108].
 */
public final class StreamBackend implements NetBackend {
  /** Bytes of the length in front of a frame. */
  static final int PREFIX = 4;

  /** The shortest frame that has addresses and a type. */
  static final int SHORTEST_FRAME = 14;

  /** The longest path of a socket, in bytes. */
  public static final int LONGEST_PATH = 107;

  private static final int AF_UNIX = 1;
  private static final int SOCK_STREAM = 1;
  private static final int SUN_PATH = 2;

  private final String name;
  private final Fd fd;

  private StreamBackend(String name, Fd fd) {
    this.name = name;
    this.fd = fd;
  }

  /**
   * Connects to what listens at {@code path}.
   *
   * @throws javelin.vmm.linux.ErrnoException where that fails
   */
  public static StreamBackend connect(Linux linux, String path) {
    byte[] bytes = path.getBytes(StandardCharsets.UTF_8);
    if (bytes.length == 0 || bytes.length > LONGEST_PATH) {
      throw new IllegalArgumentException(
          "the path of a socket has 1 to " + LONGEST_PATH + " bytes");
    }
    UnsafeBuffer address = NativeMemory.allocate(SUN_PATH + LONGEST_PATH + 1);
    address.putShort(0, (short) AF_UNIX);
    address.putBytes(SUN_PATH, bytes);
    int type = SOCK_STREAM | Linux.O_NONBLOCK | Linux.O_CLOEXEC;
    Fd fd = linux.own(linux.syscalls().socket(AF_UNIX, type, 0), "socket", path);
    try {
      Linux.check(
          linux.syscalls().connect(fd.number(), address.addressOffset(), address.capacity()),
          "connect",
          path);
      return new StreamBackend(path, fd);
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
    return 1;
  }

  @Override
  public long features() {
    return 0;
  }

  @Override
  public NetSource source(int index) {
    return new StreamSource(fd);
  }

  @Override
  public NetSink sink(int index) {
    return new StreamSink(fd);
  }

  @Override
  public void close() {
    fd.close();
  }
}
