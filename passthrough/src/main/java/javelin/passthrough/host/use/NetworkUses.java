package javelin.passthrough.host.use;

import java.util.ArrayList;
import java.util.List;
import java.util.Set;
import javelin.passthrough.host.HostDevice;
import javelin.passthrough.host.use.DeviceUse.Kind;
import javelin.vmm.linux.HostFiles;

/** Network interfaces that are up with routes, enslaved, or under the SSH session. */
final class NetworkUses implements UseCheck {
  private final Netdevs netdevs;
  private final RouteTable routes;
  private final SshSession ssh;

  NetworkUses(HostFiles files, SshSession ssh) {
    netdevs = new Netdevs(files);
    routes = new RouteTable(files);
    this.ssh = ssh;
  }

  @Override
  public List<DeviceUse> uses(HostDevice device) {
    return netdevs.of(device).stream().flatMap(name -> uses(name).stream()).toList();
  }

  /** The uses of one interface. */
  List<DeviceUse> uses(String name) {
    List<DeviceUse> uses = new ArrayList<>();
    Set<String> stack = netdevs.withUppers(name);
    ssh.carrier(routes)
        .filter(stack::contains)
        .ifPresent(by -> uses.add(new DeviceUse(Kind.SSH, name, name + " carries " + ssh.words())));
    netdevs
        .master(name)
        .map(master -> name + " is part of " + netdevs.describeMaster(master))
        .ifPresent(words -> uses.add(new DeviceUse(Kind.NETWORK, name, words)));
    if (netdevs.isUp(name)) {
      addRoutes(name, stack, uses);
    }
    return uses;
  }

  private void addRoutes(String name, Set<String> stack, List<DeviceUse> uses) {
    for (String upper : stack) {
      List<Route> through = routes.through(upper);
      if (!through.isEmpty()) {
        String subject = upper.equals(name) ? "" : upper + " on it ";
        uses.add(
            new DeviceUse(
                Kind.NETWORK,
                name,
                name + " is up and " + subject + "has " + through.get(0).words() + more(through)));
      }
    }
  }

  private static String more(List<Route> routes) {
    return routes.size() == 1 ? "" : " and " + (routes.size() - 1) + " more";
  }
}
