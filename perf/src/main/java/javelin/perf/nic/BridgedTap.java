package javelin.perf.nic;

import java.io.IOException;
import java.util.List;
import java.util.concurrent.Callable;
import java.util.function.Consumer;
import javelin.perf.linux.OwnNetwork;
import javelin.vmm.linux.Linux;

/**
 * A tap for a virtio device whose packets leave by an interface of the host's: both on a bridge, in
 * a network of its own, in which nobody has an address.
 */
final class BridgedTap implements AutoCloseable {
  /** The tap. */
  static final String TAP = "bench0";

  private static final String BRIDGE = "bench1";

  private final AwayInterface port;

  /**
   * Makes it.
   *
   * @throws javelin.boot.cli.CommandException saying what is missing for it
   */
  BridgedTap(HostInterface netdev, Linux linux, Consumer<String> say)
      throws IOException, InterruptedException {
    port = new AwayInterface(netdev, linux, say);
    try {
      connect(port.network());
    } catch (IOException | InterruptedException | RuntimeException e) {
      port.close();
      throw e;
    }
  }

  private void connect(NetworkNamespace network) throws IOException, InterruptedException {
    network.call(
        () -> {
          OwnNetwork.addTap(TAP);
          return null;
        });
    network.ip("link", "add", BRIDGE, "type", "bridge");
    for (String name : List.of(TAP, port.name())) {
      network.ip("link", "set", "dev", name, "master", BRIDGE);
    }
    for (String name : List.of(BRIDGE, TAP, port.name())) {
      network.ip("link", "set", "dev", name, "up");
    }
  }

  /** Does something where the tap is. */
  <T> T call(Callable<T> task) throws IOException, InterruptedException {
    return port.network().call(task);
  }

  @Override
  public void close() {
    port.close();
  }
}
