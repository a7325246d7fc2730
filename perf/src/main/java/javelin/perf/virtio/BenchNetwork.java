package javelin.perf.virtio;

import java.io.IOException;
import javelin.boot.cli.CommandException;
import javelin.perf.bench.HostTool;
import javelin.perf.linux.BenchAddresses;
import javelin.perf.linux.OwnNetwork;
import javelin.vmm.linux.Linux;

/** A network with a tap, for the calling thread and what it starts. */
final class BenchNetwork {
  /** The tap. */
  static final String TAP = "bench0";

  private BenchNetwork() {}

  /**
   * Moves the calling thread into it.
   *
   * @throws CommandException saying what is missing for it
   */
  static void enter(Linux linux) throws IOException, InterruptedException {
    OwnNetwork.enter(linux);
    OwnNetwork.addTap(TAP);
    HostTool.output("ip", "address", "add", BenchAddresses.HOST + "/24", "dev", TAP);
    HostTool.output("ip", "link", "set", TAP, "up");
  }
}
