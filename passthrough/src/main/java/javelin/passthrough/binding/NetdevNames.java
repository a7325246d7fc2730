package javelin.passthrough.binding;

import java.util.ArrayList;
import java.util.List;

/**
 * Gives network interfaces the names back that they had: the kernel numbers them anew when their
 * driver returns, and where no udev rule renames them, configuration by name would miss them.
 */
final class NetdevNames {
  private static final long IFF_UP = 1;

  private final BindingHost host;
  private final DeviceFiles device;

  NetdevNames(BindingHost host, DeviceFiles device) {
    this.host = host;
    this.device = device;
  }

  /** Makes the names {@code wanted}; what cannot be done is noted. */
  void restore(List<String> wanted) {
    Patience.await(host.patience().netdev(), () -> isSettled(wanted));
    List<String> now = device.netdevs();
    List<String> missing = without(wanted, now);
    List<String> spare = without(now, wanted);
    for (int i = 0; i < missing.size(); i++) {
      if (i < spare.size()) {
        rename(spare.get(i), missing.get(i));
      } else {
        host.note(device.address(), "network interface " + missing.get(i) + " is not back");
      }
    }
  }

  /**
   * Whether nothing is gained by waiting: all names are there, or there is no udev to give them.
   */
  private boolean isSettled(List<String> wanted) {
    List<String> now = device.netdevs();
    boolean udev = host.files().exists("/run/udev/control");
    return now.containsAll(wanted) || (now.size() >= wanted.size() && !udev);
  }

  private static List<String> without(List<String> all, List<String> others) {
    List<String> rest = new ArrayList<>(all);
    rest.removeAll(others);
    return rest;
  }

  private void rename(String from, String to) {
    boolean up = isUp(from);
    try {
      if (up) {
        ip(from, "down");
      }
      ip(from, "name", to);
      if (up) {
        ip(to, "up");
      }
      host.note(device.address(), "network interface " + from + " is " + to + " again");
    } catch (BindingException e) {
      host.note(
          device.address(),
          "network interface "
              + from
              + " was "
              + to
              + " and keeps its new name: "
              + e.getMessage());
    }
  }

  private boolean isUp(String name) {
    return host.files()
        .text("/sys/class/net/" + name + "/flags")
        .map(flags -> (Long.decode(flags) & IFF_UP) != 0)
        .orElse(false);
  }

  private void ip(String name, String... change) {
    List<String> command = new ArrayList<>(List.of("ip", "link", "set", "dev", name));
    command.addAll(List.of(change));
    HostControl.Outcome outcome = host.control().run(command);
    if (outcome.exitCode() != 0) {
      throw new BindingException(String.join(" ", command) + ": " + outcome.complaint());
    }
  }
}
