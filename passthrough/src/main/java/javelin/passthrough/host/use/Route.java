package javelin.passthrough.host.use;

/**
 * A route to other machines.
 *
 * @param netdev the network interface that it goes through
 * @param prefix the addresses that it is for
 * @param length how many bits of the prefix count; 0 for a default route
 */
record Route(String netdev, IpAddress prefix, int length) {
  boolean isDefault() {
    return length == 0;
  }

  boolean leadsTo(IpAddress address) {
    return address.startsAs(prefix, length);
  }

  /** The words for people. */
  String words() {
    if (isDefault()) {
      return prefix.isV4() ? "the default route" : "the default route of IPv6";
    }
    return "a route to " + prefix + "/" + length;
  }
}
