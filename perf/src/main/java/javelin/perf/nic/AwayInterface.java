package javelin.perf.nic;

import java.io.IOException;
import java.util.function.Consumer;
import javelin.perf.bench.HostTool;
import javelin.vmm.linux.Linux;

/** An interface of the host's in a network of its own, until this is closed. */
final class AwayInterface implements AutoCloseable {
  private final HostInterface netdev;
  private final boolean wasUp;
  private final Consumer<String> say;
  private final NetworkNamespace network;

  /**
   * Takes it away.
   *
   * @param say tells the user what could not be put right afterwards
   * @throws javelin.boot.cli.CommandException saying what is missing for it
   */
  AwayInterface(HostInterface netdev, Linux linux, Consumer<String> say)
      throws IOException, InterruptedException {
    this.netdev = netdev;
    this.say = say;
    wasUp = netdev.isUp();
    network = new NetworkNamespace(linux);
    try {
      network.takeIn(netdev.name());
    } catch (IOException | InterruptedException e) {
      network.close();
      throw e;
    }
  }

  String name() {
    return netdev.name();
  }

  NetworkNamespace network() {
    return network;
  }

  @Override
  public void close() {
    try (network) {
      network.giveBack(name());
    } catch (IOException e) {
      // The kernel does it at the namespace's end.
      say.accept(name() + ": " + e.getMessage());
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      return;
    }
    try {
      if (!netdev.await()) {
        say.accept("network interface " + name() + " is not back by that name; see: ip link");
      } else if (wasUp) {
        HostTool.output("ip", "link", "set", "dev", name(), "up");
      }
    } catch (IOException e) {
      say.accept(name() + " was up and is not: " + e.getMessage());
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
    }
  }
}
