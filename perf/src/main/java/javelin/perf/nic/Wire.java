package javelin.perf.nic;

import java.io.IOException;
import java.time.Duration;
import java.util.function.Consumer;
import javelin.perf.linux.BenchAddresses;
import javelin.perf.linux.TcpEnd;
import javelin.vmm.linux.Linux;

/** The host's end of the wire: an interface with an address, in a network of its own. */
final class Wire implements AutoCloseable {
  private final AwayInterface end;

  /**
   * Takes the interface.
   *
   * @throws javelin.boot.cli.CommandException saying what is missing for it
   */
  Wire(HostInterface netdev, Linux linux, Consumer<String> say)
      throws IOException, InterruptedException {
    end = new AwayInterface(netdev, linux, say);
    try {
      end.network().ip("address", "add", BenchAddresses.HOST + "/24", "dev", end.name());
      end.network().ip("link", "set", "dev", end.name(), "up");
    } catch (IOException | InterruptedException e) {
      end.close();
      throw e;
    }
  }

  /** What the next guest connects to; any thread may use it. */
  TcpEnd listen(Duration warmUp, Duration time) throws IOException, InterruptedException {
    return end.network()
        .call(() -> new TcpEnd(BenchAddresses.host(), BenchAddresses.PORT, warmUp, time));
  }

  @Override
  public void close() {
    end.close();
  }
}
