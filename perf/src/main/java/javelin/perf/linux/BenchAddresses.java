package javelin.perf.linux;

import java.io.IOException;
import java.net.InetAddress;

/** Where host and guest find each other, in networks that belong to the bench alone. */
public final class BenchAddresses {
  /** The host's end, of a /24. */
  public static final String HOST = "192.168.77.1";

  /** The guest's end. */
  public static final String GUEST = "192.168.77.2";

  /** Where the host listens. */
  public static final int PORT = 7077;

  private BenchAddresses() {}

  /** The host's end, for a socket. */
  public static InetAddress host() throws IOException {
    return InetAddress.getByName(HOST);
  }
}
