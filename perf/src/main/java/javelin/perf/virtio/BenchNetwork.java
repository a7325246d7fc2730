package javelin.perf.virtio;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import javelin.boot.cli.CommandException;
import javelin.boot.cli.ExitCode;
import javelin.perf.bench.HostTool;
import javelin.perf.linux.BenchAddresses;
import javelin.vmm.linux.ErrnoException;
import javelin.vmm.linux.Linux;

/**
 * A network namespace with a tap, for the calling thread and what it starts: nothing of it is seen
 * outside, and nothing of it stays.
 */
final class BenchNetwork {
  /** The tap. */
  static final String TAP = "bench0";

  private static final Path TUN = Path.of("/dev/net/tun");

  private BenchNetwork() {}

  /**
   * Moves the calling thread into it.
   *
   * @throws CommandException saying what is missing for it
   */
  static void enter(Linux linux) throws IOException, InterruptedException {
    if (HostTool.find("ip").isEmpty()) {
      throw new CommandException(
          ExitCode.START_ERROR,
          "ip is missing; on Debian or Ubuntu, as root: apt install iproute2");
    }
    if (!Files.exists(TUN)) {
      throw new CommandException(ExitCode.START_ERROR, "there is no " + TUN + ": modprobe tun");
    }
    try {
      linux.leaveNetwork();
    } catch (ErrnoException e) {
      throw new CommandException(
          ExitCode.START_ERROR, "a network of its own needs root: " + e.getMessage());
    }
    HostTool.output("ip", "tuntap", "add", "dev", TAP, "mode", "tap", "vnet_hdr");
    HostTool.output("ip", "address", "add", BenchAddresses.HOST + "/24", "dev", TAP);
    HostTool.output("ip", "link", "set", TAP, "up");
  }
}
