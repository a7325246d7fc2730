package javelin.perf.nic;

import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.Optional;
import javelin.boot.cli.CommandException;
import javelin.boot.cli.ExitCode;
import javelin.passthrough.host.HostDevice;
import javelin.passthrough.host.use.Netdevs;
import javelin.perf.bench.HostWait;
import javelin.vmm.linux.HostFiles;

/**
 * A network interface of the host's (Documentation/ABI/testing/sysfs-class-net).
 *
 * @param files the host's
 * @param name its name
 */
record HostInterface(HostFiles files, String name) {
  private static final int IFF_UP = 1;

  /** The first one on a PCI device; empty where the host has none on it. */
  static Optional<HostInterface> on(HostFiles files, HostDevice device) {
    return new Netdevs(files)
        .of(device).stream().findFirst().map(name -> new HostInterface(files, name));
  }

  /**
   * As above, once it is there: a device that the host has just got back takes its time.
   *
   * @throws CommandException where it does not come
   */
  static HostInterface awaitOn(HostFiles files, HostDevice device) throws InterruptedException {
    return HostWait.until(() -> on(files, device))
        .orElseThrow(
            () ->
                new CommandException(
                    ExitCode.START_ERROR,
                    device.address() + ": the host has no network interface on it any more"));
  }

  /** Whether this process's network has it. */
  boolean isThere() {
    return files.exists(folder());
  }

  /** Waits until it is there; whether it came. */
  boolean await() throws InterruptedException {
    return HostWait.until(() -> Optional.of(this).filter(HostInterface::isThere)).isPresent();
  }

  /** Whether a device is behind it, so that its packets leave for a wire. */
  boolean hasDevice() {
    return files.exists(folder() + "/device");
  }

  boolean isUp() {
    return files.text(folder() + "/flags").map(Integer::decode).orElse(0) % 2 == IFF_UP;
  }

  /**
   * The modules of the drivers from {@code device} to this interface on it, such as {@code e1000e},
   * or {@code virtio_pci} and {@code virtio_net}.
   */
  List<String> modules(HostDevice device) {
    List<String> modules = new ArrayList<>();
    Path end = Path.of(device.path());
    Path at = files.realPath(folder() + "/device").map(Path::of).orElse(end);
    for (; at != null && at.startsWith(end); at = at.getParent()) {
      String driver = at + "/driver";
      // A driver that is built in may have no module; in the guest's kernel it can be one.
      files
          .linkName(driver + "/module")
          .or(() -> files.linkName(driver))
          .map(name -> name.replace('-', '_'))
          .ifPresent(modules::add);
    }
    Collections.reverse(modules);
    return modules;
  }

  private String folder() {
    return "/sys/class/net/" + name;
  }
}
