package javelin.passthrough.host;

import java.util.Collection;
import java.util.List;
import java.util.Optional;
import java.util.SortedMap;
import java.util.TreeMap;
import java.util.function.Predicate;
import java.util.stream.Collectors;
import javelin.vmm.linux.HostFiles;

/** All PCI functions of a host, at the moment of reading. */
public final class HostInventory {
  private static final String DEVICES = "/sys/bus/pci/devices";

  private final SortedMap<HostAddress, HostDevice> devices = new TreeMap<>();

  private HostInventory() {}

  /** Reads a host; one without PCI has no devices. */
  public static HostInventory read(HostFiles files) {
    HostInventory inventory = new HostInventory();
    for (String name : files.names(DEVICES)) {
      if (HostAddress.isAddress(name)) {
        HostAddress address = HostAddress.parse(name);
        inventory.devices.put(address, new HostDeviceReader(files, address).read());
      }
    }
    return inventory;
  }

  /** All devices, by address. */
  public Collection<HostDevice> devices() {
    return devices.values();
  }

  /** The device at an address, if there is one. */
  public Optional<HostDevice> find(HostAddress address) {
    return Optional.ofNullable(devices.get(address));
  }

  /**
   * The device at an address.
   *
   * @throws NoSuchDeviceException where there is none
   */
  public HostDevice device(HostAddress address) {
    return find(address)
        .orElseThrow(
            () -> new NoSuchDeviceException(address + ": no such PCI device; " + near(address)));
  }

  /**
   * The devices at some addresses, each once.
   *
   * @throws NoSuchDeviceException where there is none at one of them
   */
  public List<HostDevice> devices(Collection<HostAddress> addresses) {
    return addresses.stream().distinct().map(this::device).toList();
  }

  private String near(HostAddress address) {
    String slot = address.toString().replaceFirst("\\..$", "");
    String bus = slot.replaceFirst(":..$", "");
    List<HostAddress> inSlot = those(near -> near.toString().startsWith(slot + "."));
    List<HostAddress> onBus = those(near -> near.toString().startsWith(bus + ":"));
    if (onBus.isEmpty()) {
      return "nothing is on bus " + bus + " (javelin pci list shows what this host has)";
    }
    return inSlot.isEmpty()
        ? "on bus " + bus + " there are " + join(onBus)
        : "in that slot there is " + join(inSlot);
  }

  private List<HostAddress> those(Predicate<HostAddress> wanted) {
    return devices.keySet().stream().filter(wanted).toList();
  }

  private static String join(List<HostAddress> addresses) {
    return addresses.stream().map(HostAddress::toString).collect(Collectors.joining(", "));
  }

  /** Whether an IOMMU covers any device. */
  public boolean hasGroups() {
    return devices().stream().anyMatch(device -> device.group().isPresent());
  }

  /** The other members of a device's IOMMU group, by address; none where it has no group. */
  public List<HostDevice> companions(HostDevice device) {
    return device.group().stream()
        .flatMap(group -> group.members().stream())
        .filter(member -> !member.equals(device.address()))
        .flatMap(member -> find(member).stream())
        .toList();
  }

  /**
   * The other devices behind the port that a device is behind, those behind further bridges too;
   * none where it is on a root bus.
   */
  public List<HostDevice> behindSamePort(HostDevice device) {
    if (device.isOnRootBus()) {
      return List.of();
    }
    String port = device.path().substring(0, device.path().lastIndexOf('/') + 1);
    return devices().stream()
        .filter(other -> other.path().startsWith(port) && !other.address().equals(device.address()))
        .toList();
  }
}
