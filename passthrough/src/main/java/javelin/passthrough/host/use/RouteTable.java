package javelin.passthrough.host.use;

import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.HexFormat;
import java.util.List;
import java.util.Optional;
import javelin.vmm.linux.HostFiles;

/**
 * The host's main routing tables (/proc/net/route, /proc/net/ipv6_route), without what every
 * interface has that is up: its own addresses, and the link-local and multicast ranges of IPv6.
 */
final class RouteTable {
  private static final int HEXADECIMAL = 16;

  /** Flags of a route (uapi linux/route.h, linux/ipv6_route.h). */
  private static final int RTF_UP = 1;

  private static final int RTF_REJECT = 0x200;
  private static final int RTF_LOCAL = 0x8000_0000;

  private static final int V4_COLUMNS = 8;
  private static final int V6_COLUMNS = 10;

  private static final Route LINK_LOCAL = ownRange("fe80::", 10);
  private static final Route MULTICAST = ownRange("ff00::", 8);

  private final List<Route> routes = new ArrayList<>();

  RouteTable(HostFiles files) {
    files.lines("/proc/net/route").stream().skip(1).forEach(this::addV4);
    files.lines("/proc/net/ipv6_route").forEach(this::addV6);
  }

  private static Route ownRange(String prefix, int length) {
    return new Route("", IpAddress.parse(prefix).orElseThrow(), length);
  }

  /** Columns: interface, destination, gateway, flags, …, mask; addresses as little-endian words. */
  private void addV4(String line) {
    String[] words = line.strip().split("\\s+", -1);
    if (words.length >= V4_COLUMNS && isUsable(words[3])) {
      ByteBuffer destination = ByteBuffer.allocate(Integer.BYTES).order(ByteOrder.LITTLE_ENDIAN);
      IpAddress prefix = new IpAddress(destination.putInt(word(words[1])).array());
      routes.add(new Route(words[0], prefix, Integer.bitCount(word(words[7]))));
    }
  }

  /** Columns: destination, its length, source, its length, next hop, …, flags, interface. */
  private void addV6(String line) {
    String[] words = line.strip().split("\\s+", -1);
    if (words.length >= V6_COLUMNS && isUsable(words[8])) {
      IpAddress prefix = new IpAddress(HexFormat.of().parseHex(words[0]));
      if (!LINK_LOCAL.leadsTo(prefix) && !MULTICAST.leadsTo(prefix)) {
        routes.add(new Route(words[9], prefix, word(words[1])));
      }
    }
  }

  private static boolean isUsable(String flags) {
    return (word(flags) & (RTF_UP | RTF_REJECT | RTF_LOCAL)) == RTF_UP;
  }

  private static int word(String text) {
    return Integer.parseUnsignedInt(text, HEXADECIMAL);
  }

  /** The routes through an interface, default routes first. */
  List<Route> through(String netdev) {
    return routes.stream()
        .filter(route -> route.netdev().equals(netdev))
        .sorted(Comparator.comparing(route -> !route.isDefault()))
        .toList();
  }

  /** The most specific route to an address. */
  Optional<Route> best(IpAddress address) {
    return routes.stream()
        .filter(route -> route.leadsTo(address))
        .max(Comparator.comparingInt(Route::length));
  }
}
