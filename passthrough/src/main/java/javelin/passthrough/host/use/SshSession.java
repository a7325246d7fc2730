package javelin.passthrough.host.use;

import java.util.Optional;

/**
 * The SSH session that this process runs in, if it does.
 *
 * @param peer the other end's address; empty where there is no session
 * @param scope the interface that the peer's address belongs to, where it is a link-local one
 */
record SshSession(Optional<IpAddress> peer, Optional<String> scope) {
  /**
   * Reads {@code SSH_CONNECTION}: the client's address and port, the server's address and port,
   * with a space between.
   */
  static SshSession parse(String connection) {
    String[] client = connection.strip().split(" ", 2)[0].split("%", 2);
    return new SshSession(
        IpAddress.parse(client[0]), client.length > 1 ? Optional.of(client[1]) : Optional.empty());
  }

  /** The interface that packets to the peer leave by. */
  Optional<String> carrier(RouteTable routes) {
    return scope.or(() -> peer.flatMap(routes::best).map(Route::netdev));
  }

  /** The words for people. */
  String words() {
    return "this SSH session" + peer.map(address -> " (from " + address + ")").orElse("");
  }
}
