package javelin.passthrough.host;

import java.util.List;
import java.util.Optional;
import java.util.stream.Stream;
import javelin.vmm.linux.HostFiles;

/** Reads the facts of one PCI function from sysfs. */
final class HostDeviceReader {
  /** What the kernel prints for a driver_override that is not set. */
  private static final String NULL = "(null)";

  /** The name of the groups that VFIO makes up where there is no IOMMU. */
  private static final String NO_IOMMU = "vfio-noiommu";

  private final HostFiles files;
  private final HostAddress address;

  HostDeviceReader(HostFiles files, HostAddress address) {
    this.files = files;
    this.address = address;
  }

  HostDevice read() {
    ConfigBytes config = new ConfigBytes(files.bytes(path("config")).orElse(new byte[0]));
    return new HostDevice(
        address,
        files.realPath(address.sysfs()).orElse(address.sysfs()),
        ids(),
        config.headerType(),
        files.linkName(path("driver")),
        files.text(path("driver_override")).filter(text -> !text.isEmpty() && !text.equals(NULL)),
        group(),
        HostBar.read(files.lines(path("resource"))),
        PciCapabilities.of(config),
        resetMethods(),
        sriov(),
        number("boot_vga", 0) == 1,
        number("numa_node", -1),
        files.text(path("modalias")).orElse(""));
  }

  private String path(String name) {
    return address.sysfs() + "/" + name;
  }

  private PciIds ids() {
    return new PciIds(
        number("vendor", 0),
        number("device", 0),
        number("subsystem_vendor", 0),
        number("subsystem_device", 0),
        number("class", 0),
        number("revision", 0));
  }

  /** Decimal, or hexadecimal behind 0x. */
  private int number(String name, int missing) {
    try {
      return files.text(path(name)).map(Integer::decode).orElse(missing);
    } catch (NumberFormatException e) {
      return missing;
    }
  }

  private Optional<IommuGroup> group() {
    String group = path("iommu_group");
    boolean real = !files.text(group + "/name").orElse("").equals(NO_IOMMU);
    return files
        .linkName(group)
        .filter(number -> real && number.matches("\\d{1,9}"))
        .map(
            number ->
                new IommuGroup(
                    Integer.parseInt(number),
                    addresses(files.names(group + "/devices").stream()).sorted().toList(),
                    files.lines(group + "/reserved_regions").stream()
                        .map(IommuGroup.Reserved::parse)
                        .toList()));
  }

  /** Groups may have members that are no PCI devices. */
  private static Stream<HostAddress> addresses(Stream<String> names) {
    return names.filter(HostAddress::isAddress).map(HostAddress::parse);
  }

  private List<String> resetMethods() {
    Optional<String> methods = files.text(path("reset_method"));
    if (methods.isPresent()) {
      return methods.get().isEmpty() ? List.of() : List.of(methods.get().split("\\s+", -1));
    }
    return files.exists(path("reset")) ? List.of("kernel") : List.of();
  }

  private SriovRole sriov() {
    Stream<String> links =
        Stream.iterate(0, i -> i + 1)
            .map(i -> files.linkName(path("virtfn" + i)))
            .takeWhile(Optional::isPresent)
            .map(Optional::get);
    return new SriovRole(
        number("sriov_totalvfs", 0),
        addresses(links).toList(),
        addresses(files.linkName(path("physfn")).stream()).findFirst());
  }
}
