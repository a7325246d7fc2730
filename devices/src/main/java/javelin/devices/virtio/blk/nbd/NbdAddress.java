package javelin.devices.virtio.blk.nbd;

import java.net.InetAddress;
import java.net.URI;
import java.net.URISyntaxException;
import java.net.UnknownHostException;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;
import javelin.vmm.linux.Errno;
import javelin.vmm.linux.Fd;
import javelin.vmm.linux.Linux;
import javelin.vmm.linux.NativeMemory;
import javelin.vmm.linux.UnixSocket;
import org.agrona.concurrent.UnsafeBuffer;

/**
 * Where a server is and which of its exports is meant: {@code nbd:unix:PATH} with the export apart,
 * or {@code nbd://HOST[:PORT][/EXPORT]}.
 *
 * @param path of the server's Unix socket; null where it is at a TCP port
 * @param host its name or address; null where it is at a Unix socket
 * @param port its TCP port
 * @param export empty for the server's default one
 */
public record NbdAddress(String path, String host, int port, String export) {
  /** The port that is registered for NBD. */
  public static final int DEFAULT_PORT = 10809;

  private static final String UNIX = "nbd:unix:";
  private static final String TCP = "nbd://";
  private static final String PREFIX = "nbd:";

  /** The longest name that the protocol has for an export, in bytes. */
  private static final int LONGEST_EXPORT = 4096;

  private static final int AF_INET = 2;
  private static final int AF_INET6 = 10;
  private static final int SOCK_STREAM = 1;
  private static final int IPPROTO_TCP = 6;
  private static final int TCP_NODELAY = 1;

  /** {@code struct sockaddr_in}: u16 family, be16 port, address. */
  private static final int IN_LENGTH = 16;

  private static final int IN_ADDRESS = 4;

  /** {@code struct sockaddr_in6}: u16 family, be16 port, u32 flow, address, u32 scope. */
  private static final int IN6_LENGTH = 28;

  private static final int IN6_ADDRESS = 8;
  private static final int PORT = 2;

  /** Whether {@code text} is meant for one. */
  public static boolean isOne(String text) {
    return text.startsWith(PREFIX);
  }

  /**
   * Reads an address.
   *
   * @param export the export's name where it is given apart, else null
   * @throws IllegalArgumentException saying what is wrong with it
   */
  public static NbdAddress parse(String text, String export) {
    if (export != null && export.getBytes(StandardCharsets.UTF_8).length > LONGEST_EXPORT) {
      throw new IllegalArgumentException(
          "the name of an export has up to " + LONGEST_EXPORT + " bytes");
    }
    if (text.startsWith(UNIX)) {
      String path = text.substring(UNIX.length());
      UnixSocket.address(path);
      return new NbdAddress(path, null, 0, export == null ? "" : export);
    }
    if (text.startsWith(TCP)) {
      return parseUri(text, export);
    }
    throw new IllegalArgumentException(
        "give nbd:unix:PATH, or nbd://HOST:PORT/EXPORT; a file of that name is ./" + text);
  }

  private static NbdAddress parseUri(String text, String export) {
    URI uri;
    try {
      uri = new URI(text);
    } catch (URISyntaxException e) {
      throw new IllegalArgumentException("no address: " + e.getReason());
    }
    if (uri.getHost() == null || uri.getQuery() != null || uri.getUserInfo() != null) {
      throw new IllegalArgumentException("an address is written like nbd://127.0.0.1:10809/disk");
    }
    String inPath = uri.getPath().isEmpty() ? "" : uri.getPath().substring(1);
    if (export != null && !inPath.isEmpty()) {
      throw new IllegalArgumentException(
          "the export is named twice, in the address and by export=");
    }
    int port = uri.getPort() < 0 ? DEFAULT_PORT : uri.getPort();
    if (port < 1 || port > 0xffff) {
      throw new IllegalArgumentException("a port is 1 to 65535");
    }
    return new NbdAddress(null, uri.getHost(), port, export == null ? inPath : export);
  }

  /**
   * Connects to the server; O_NONBLOCK is set, and over TCP the connection may be under way yet.
   *
   * @throws javelin.vmm.linux.ErrnoException where that fails
   * @throws NbdException where there is no such host
   */
  Fd connect(Linux linux) {
    return path != null ? UnixSocket.connect(linux, path) : connectTcp(linux);
  }

  private Fd connectTcp(Linux linux) {
    UnsafeBuffer address = inetAddress();
    int type = SOCK_STREAM | Linux.O_NONBLOCK | Linux.O_CLOEXEC;
    Fd fd = linux.own(linux.syscalls().socket(address.getShort(0), type, 0), "socket", toString());
    try {
      UnsafeBuffer on = NativeMemory.allocate(Integer.BYTES);
      on.putInt(0, 1);
      Linux.check(
          linux
              .syscalls()
              .setsockopt(fd.number(), IPPROTO_TCP, TCP_NODELAY, on.addressOffset(), Integer.BYTES),
          "setsockopt",
          toString());
      int result =
          linux.syscalls().connect(fd.number(), address.addressOffset(), address.capacity());
      if (!Errno.EINPROGRESS.is(result)) {
        Linux.check(result, "connect", toString());
      }
      return fd;
    } catch (RuntimeException e) {
      fd.close();
      throw e;
    }
  }

  private UnsafeBuffer inetAddress() {
    byte[] bytes;
    try {
      bytes = InetAddress.getByName(host).getAddress();
    } catch (UnknownHostException e) {
      throw new NbdException("there is no host called " + host);
    }
    boolean isV4 = bytes.length == Integer.BYTES;
    UnsafeBuffer address = NativeMemory.allocate(isV4 ? IN_LENGTH : IN6_LENGTH);
    address.putShort(0, (short) (isV4 ? AF_INET : AF_INET6));
    address.putShort(PORT, (short) port, ByteOrder.BIG_ENDIAN);
    address.putBytes(isV4 ? IN_ADDRESS : IN6_ADDRESS, bytes);
    return address;
  }

  /** The server's place, as messages call it. */
  @Override
  public String toString() {
    return path != null ? UNIX + path : TCP + host + ":" + port;
  }
}
