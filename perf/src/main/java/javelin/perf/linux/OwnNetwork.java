package javelin.perf.linux;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import javelin.boot.cli.CommandException;
import javelin.boot.cli.ExitCode;
import javelin.perf.bench.HostTool;
import javelin.vmm.linux.ErrnoException;
import javelin.vmm.linux.Linux;

/**
 * A network namespace for the calling thread and what it starts: nothing of it is seen outside, and
 * nothing that is made in it stays.
 */
public final class OwnNetwork {
  private static final Path TUN = Path.of("/dev/net/tun");

  private OwnNetwork() {}

  /**
   * Moves the calling thread into a new one.
   *
   * @throws CommandException saying what is missing for it
   */
  public static void enter(Linux linux) {
    HostTool.require("ip", "iproute2");
    try {
      linux.leaveNetwork();
    } catch (ErrnoException e) {
      throw new CommandException(
          ExitCode.START_ERROR, "a network of its own needs root: " + e.getMessage());
    }
  }

  /**
   * Makes a tap for a guest in the calling thread's namespace; it is down.
   *
   * @throws CommandException where this kernel has none
   */
  public static void addTap(String name) throws IOException, InterruptedException {
    if (!Files.exists(TUN)) {
      throw new CommandException(ExitCode.START_ERROR, "there is no " + TUN + ": modprobe tun");
    }
    HostTool.output("ip", "tuntap", "add", "dev", name, "mode", "tap", "vnet_hdr");
  }
}
