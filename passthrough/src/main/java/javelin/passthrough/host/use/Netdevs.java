package javelin.passthrough.host.use;

import java.util.LinkedHashSet;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import javelin.passthrough.host.HostDevice;
import javelin.vmm.linux.HostFiles;

/** The host's network interfaces (Documentation/ABI/testing/sysfs-class-net). */
public final class Netdevs {
  private static final String FOLDER = "/sys/class/net";
  private static final int HEXADECIMAL_PREFIX = 2;
  private static final int HEXADECIMAL = 16;
  private static final int IFF_UP = 1;
  private static final String UPPER = "upper_";

  private final HostFiles files;
  private final ClassDevices all;

  /** Those of a host, in this process's network namespace. */
  public Netdevs(HostFiles files) {
    this.files = files;
    all = new ClassDevices(files, FOLDER);
  }

  /** The names of those that hang on a PCI device, also by a virtio or USB device, sorted. */
  public List<String> of(HostDevice device) {
    return all.below(device);
  }

  boolean isUp(String name) {
    int flags =
        files
            .text(path(name, "flags"))
            .map(text -> Integer.parseInt(text.substring(HEXADECIMAL_PREFIX), HEXADECIMAL))
            .orElse(0);
    return (flags & IFF_UP) != 0;
  }

  /** The bridge, bond or such that an interface is enslaved to. */
  Optional<String> master(String name) {
    return files.linkName(path(name, "master"));
  }

  /** What a master is, with its name. */
  String describeMaster(String master) {
    if (files.exists(path(master, "bridge"))) {
      return "the bridge " + master;
    }
    return (files.exists(path(master, "bonding")) ? "the bond " : "") + master;
  }

  /** The interface and all that stand on it, such as its VLANs and its bridge. */
  Set<String> withUppers(String name) {
    Set<String> found = new LinkedHashSet<>();
    addWithUppers(name, found);
    return found;
  }

  private void addWithUppers(String name, Set<String> found) {
    if (found.add(name)) {
      files.names(FOLDER + "/" + name).stream()
          .filter(entry -> entry.startsWith(UPPER))
          .forEach(entry -> addWithUppers(entry.substring(UPPER.length()), found));
    }
  }

  private static String path(String name, String attribute) {
    return FOLDER + "/" + name + "/" + attribute;
  }
}
