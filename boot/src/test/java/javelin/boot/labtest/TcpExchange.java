package javelin.boot.labtest;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.fail;

import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.io.UncheckedIOException;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.net.Socket;
import java.util.Random;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.TimeUnit;

/**
 * Random bytes that go to the guest over TCP and come back; both sides compare.
 *
 * @param guest the guest, whose interface is up
 * @param hostIp the address of the lab host's end
 */
record TcpExchange(LinuxGuest guest, String hostIp) {
  private static final int SECONDS = 60;

  /**
   * Moves {@code bytes} bytes each way; all must arrive.
   *
   * @return exits to Javelin for memory-mapped registers while the bytes were under way
   */
  long run(int bytes) throws Exception {
    byte[] sent = new byte[bytes];
    new Random(bytes).nextBytes(sent);
    long exits = guest.mmioExits();
    if (!isExchanged(sent)) {
      fail("not all bytes were moved in time:\n" + networkState());
    }
    return guest.mmioExits() - exits;
  }

  /** What both ends of the network know of themselves. */
  private String networkState() throws InterruptedException {
    String counters =
        "cat /proc/net/dev; busybox netstat -tn; cat /proc/interrupts; cat /proc/net/snmp";
    return guest.shell(counters + "; dmesg | tail -n 15") + "\nhost:\n" + HostSays.of(counters);
  }

  /** Whether all bytes went both ways in time; they must be the same if so. */
  private boolean isExchanged(byte[] sent) throws Exception {
    try (ServerSocket server = new ServerSocket(0, 1, InetAddress.getByName(hostIp))) {
      server.setSoTimeout((int) TimeUnit.SECONDS.toMillis(2 * SECONDS));
      CompletableFuture<byte[]> back = CompletableFuture.supplyAsync(() -> serve(server, sent));
      String nc = "timeout " + SECONDS + " nc " + hostIp + " " + server.getLocalPort();
      if (!guest.shell(nc + " < /dev/null > /received && echo all || true").equals("all")
          || !guest.shell(nc + " < /received > /dev/null && echo all || true").equals("all")) {
        return false;
      }
      assertThat(guest.shell("sha256sum < /received")).startsWith(Sha256.of(sent));
      assertThat(Sha256.of(back.get(1, TimeUnit.MINUTES))).isEqualTo(Sha256.of(sent));
      return true;
    }
  }

  /** Sends to the first client, and returns what the second one sends. */
  private static byte[] serve(ServerSocket server, byte[] sent) {
    try {
      try (Socket down = server.accept();
          OutputStream out = down.getOutputStream()) {
        out.write(sent);
      }
      try (Socket up = server.accept();
          InputStream in = up.getInputStream()) {
        return in.readAllBytes();
      }
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }
}
