package javelin.passthrough.binding;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.Deque;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeSet;
import java.util.stream.Stream;
import javelin.passthrough.host.HostAddress;
import javelin.passthrough.host.VfioDrivers;
import javelin.vmm.linux.Errno;
import javelin.vmm.linux.ErrnoException;
import javelin.vmm.linux.HostFiles;

/**
 * The kernel's driver core over a tree of real files and links: what is written to driver_override,
 * unbind, bind and drivers_probe has its effect on the tree.
 */
final class SimulatedKernel {
  private static final String PCI = "/sys/bus/pci/";

  /** What a device is, which no binding changes. */
  private record Device(String id, String group, List<String> netdevs, String netDriver) {}

  private final Path root;
  private final Map<HostAddress, Device> devices = new HashMap<>();
  private final Map<String, Set<String>> driverIds = new HashMap<>();
  private final Deque<String> newNetdevNames = new ArrayDeque<>();
  private boolean vfioLoadable = true;
  private boolean nodes = true;
  private final Set<String> refusals = new HashSet<>();
  private final Map<String, String> variants = new HashMap<>();
  private boolean netdevsUp;

  SimulatedKernel(Path root) {
    this.root = root;
    file("/proc/sys/kernel/random/boot_id", "boot-1");
    file(PCI + "drivers_probe", "");
    directory("/dev/vfio");
  }

  HostFiles files() {
    return new HostFiles(root);
  }

  // The host as the test wants it.

  /** A loaded driver, for devices of the given IDs. */
  SimulatedKernel driver(String name, String... ids) {
    driverIds.put(name, Set.of(ids));
    directory(PCI + "drivers/" + name);
    return this;
  }

  /** Unloads a driver that has no device. */
  void unload(String driver) {
    driverIds.remove(driver);
    delete(PCI + "drivers/" + driver);
  }

  /** Makes modprobe find no vfio-pci. */
  void withoutVfioModule() {
    vfioLoadable = false;
  }

  /** Makes the probe of vfio-pci fail for a device. */
  void vfioRefuses(HostAddress address) {
    refuses("vfio-pci", address);
  }

  /** Makes the probe of a driver fail for a device. */
  void refuses(String driver, HostAddress address) {
    refusals.add(driver + " " + address);
  }

  /** A module, not loaded yet, with a variant of vfio-pci for the devices of an alias. */
  SimulatedKernel variant(String module, String driver, String alias) {
    variants.put(module, driver);
    file("/proc/sys/kernel/osrelease", "6.1.0-test");
    return file(
        "/lib/modules/6.1.0-test/modules.alias",
        files().text("/lib/modules/6.1.0-test/modules.alias").orElse("# Aliases")
            + "\nalias vfio_pci:"
            + alias
            + " "
            + module);
  }

  /** Makes modprobe fail for a module. */
  void withoutModule(String module) {
    variants.remove(module);
  }

  /** Makes udev make no nodes. */
  void withoutNodes() {
    nodes = false;
  }

  /** Makes somebody take network interfaces up as soon as they appear. */
  void takingNetdevsUp() {
    netdevsUp = true;
  }

  /** A device; it is bound to the driver that wants it. {@code netdevs} come with that driver. */
  HostAddress device(String address, String id, String group, String... netdevs) {
    HostAddress at = HostAddress.parse(address);
    devices.put(at, new Device(id, group, List.of(netdevs), matching(id)));
    file(at.sysfs() + "/driver_override", "(null)");
    file(at.sysfs() + "/reset_method", "flr bus");
    file(at.sysfs() + "/power/control", "on");
    directory("/sys/kernel/iommu_groups/" + group);
    link(at.sysfs() + "/iommu_group", "/sys/kernel/iommu_groups/" + group);
    probe(at);
    return at;
  }

  /** The names that the kernel gives to the network interfaces that appear next. */
  void nameNext(String... names) {
    newNetdevNames.clear();
    newNetdevNames.addAll(List.of(names));
  }

  SimulatedKernel file(String path, String text) {
    run(
        () -> {
          Files.createDirectories(path(path).getParent());
          Files.writeString(path(path), text + "\n");
        });
    return this;
  }

  void directory(String path) {
    run(() -> Files.createDirectories(path(path)));
  }

  void link(String path, String target) {
    run(
        () -> {
          Files.createDirectories(path(path).getParent());
          Files.createSymbolicLink(path(path), path(target));
        });
  }

  /** A link with {@code target} as it stands, as the links of /proc are. */
  void linkOutside(String path, String target) {
    run(() -> Files.createSymbolicLink(path(path), Path.of(target)));
  }

  void delete(String path) {
    run(
        () -> {
          try (Stream<Path> all = Files.walk(path(path))) {
            for (Path file : all.sorted(Comparator.reverseOrder()).toList()) {
              Files.delete(file);
            }
          } catch (NoSuchFileException e) {
            // That is what is wanted.
          }
        });
  }

  /** All that a give-back is to restore, of every device, in words. */
  List<String> state() {
    return new TreeSet<>(devices.keySet())
        .stream().map(address -> SavedDevice.of(files(), address).toString()).toList();
  }

  // What a process does to it.

  void write(String path, String value) {
    String text = value.strip();
    if (!files().exists(path.substring(0, path.lastIndexOf('/')))) {
      throw new ErrnoException("open", path, Errno.ENOENT.number());
    }
    if (path.equals(PCI + "drivers_probe")) {
      probe(HostAddress.parse(text));
    } else if (path.endsWith("/unbind")) {
      unbind(HostAddress.parse(text));
    } else if (path.endsWith("/bind")) {
      bind(HostAddress.parse(text), Path.of(path).getParent().getFileName().toString());
    } else if (path.endsWith("/driver_override")) {
      file(path, text.isEmpty() ? "(null)" : text);
    } else {
      file(path, text);
    }
  }

  HostControl.Outcome run(List<String> command) {
    if (command.get(0).equals("modprobe")) {
      return command.get(1).equals("vfio-pci") ? modprobe() : modprobe(command.get(1));
    }
    if (!command.subList(0, 4).equals(List.of("ip", "link", "set", "dev"))) {
      throw new AssertionError("the host knows no program " + command);
    }
    return setLink(command.get(4), command.subList(5, command.size()));
  }

  private HostControl.Outcome modprobe() {
    if (!vfioLoadable) {
      return new HostControl.Outcome(1, "FATAL: Module vfio-pci not found");
    }
    driver("vfio-pci");
    return new HostControl.Outcome(0, "");
  }

  private HostControl.Outcome modprobe(String module) {
    String driver = variants.get(module);
    if (driver == null) {
      return new HostControl.Outcome(1, "FATAL: Module " + module + " not found");
    }
    driver(driver);
    directory("/sys/module/" + module + "/drivers/pci:" + driver);
    return new HostControl.Outcome(0, "");
  }

  private HostControl.Outcome setLink(String name, List<String> change) {
    String flags = "/sys/class/net/" + name + "/flags";
    switch (change.get(0)) {
      case "up" -> file(flags, "0x1003");
      case "down" -> file(flags, "0x1002");
      default -> {
        String wanted = change.get(1);
        if (files().exists("/sys/class/net/" + wanted)) {
          return new HostControl.Outcome(2, "RTNETLINK answers: File exists");
        }
        if (files().text(flags).orElseThrow().endsWith("3")) {
          return new HostControl.Outcome(2, "RTNETLINK answers: Device or resource busy");
        }
        HostAddress owner = ownerOf(name);
        removeNetdev(owner, name);
        addNetdev(owner, wanted, false);
      }
    }
    return new HostControl.Outcome(0, "");
  }

  private HostAddress ownerOf(String netdev) {
    return devices.keySet().stream()
        .filter(address -> files().exists(address.sysfs() + "/net/" + netdev))
        .findFirst()
        .orElseThrow();
  }

  // The driver core.

  private String driverOf(HostAddress address) {
    return files().linkName(address.sysfs() + "/driver").orElse("");
  }

  private String matching(String id) {
    return driverIds.keySet().stream()
        .filter(driver -> driverIds.get(driver).contains(id))
        .findFirst()
        .orElse("");
  }

  private void probe(HostAddress address) {
    String override = new DeviceFiles(files(), address).driverOverride();
    String driver = override.isEmpty() ? matching(devices.get(address).id) : override;
    boolean refuses = refusals.contains(driver + " " + address);
    if (driverOf(address).isEmpty() && driverIds.containsKey(driver) && !refuses) {
      bind(address, driver);
    }
  }

  private void bind(HostAddress address, String driver) {
    Device device = devices.get(address);
    link(address.sysfs() + "/driver", PCI + "drivers/" + driver);
    if (VfioDrivers.contains(driver)) {
      if (nodes) {
        file("/dev/vfio/" + device.group, "");
      }
      file(address.sysfs() + "/power/control", "auto");
    } else if (driver.equals(device.netDriver)) {
      List<String> names = new ArrayList<>(device.netdevs);
      names.replaceAll(name -> newNetdevNames.isEmpty() ? name : newNetdevNames.poll());
      names.forEach(name -> addNetdev(address, name, netdevsUp));
    }
  }

  private void unbind(HostAddress address) {
    if (driverOf(address).isEmpty()) {
      throw new ErrnoException("write", "unbind", Errno.ENODEV.number());
    }
    new DeviceFiles(files(), address).netdevs().forEach(name -> removeNetdev(address, name));
    if (VfioDrivers.contains(driverOf(address))) {
      delete("/dev/vfio/" + devices.get(address).group);
    }
    if (files().exists(address.sysfs() + "/sriov_numvfs")) {
      file(address.sysfs() + "/sriov_numvfs", "0");
    }
    delete(address.sysfs() + "/driver");
  }

  private void addNetdev(HostAddress address, String name, boolean up) {
    directory(address.sysfs() + "/net/" + name);
    file("/sys/class/net/" + name + "/flags", up ? "0x1003" : "0x1002");
  }

  private void removeNetdev(HostAddress address, String name) {
    delete(address.sysfs() + "/net/" + name);
    delete("/sys/class/net/" + name);
  }

  private Path path(String path) {
    return root.resolve(path.substring(1));
  }

  private interface FileAction {
    void run() throws IOException;
  }

  private static void run(FileAction action) {
    try {
      action.run();
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }
}
