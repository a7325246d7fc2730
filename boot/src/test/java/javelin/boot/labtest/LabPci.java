package javelin.boot.labtest;

import static org.junit.jupiter.api.Assumptions.abort;

import javelin.passthrough.host.HostAddress;
import javelin.vmm.linux.HostFiles;

/** The PCI devices of the lab's host. */
final class LabPci {
  private static final String CHIP_SET = "0000:00:1f.";
  private static final HostFiles HOST = HostFiles.system();

  private LabPci() {}

  /**
   * Where the {@code index}-th device of this vendor and device is, those of the chip set left out;
   * skips the test without it.
   */
  static HostAddress find(String vendor, String device, int index) {
    int left = index;
    for (String name : HOST.names("/sys/bus/pci/devices")) {
      String folder = "/sys/bus/pci/devices/" + name;
      if (!name.startsWith(CHIP_SET)
          && HOST.text(folder + "/vendor").orElse("").equals("0x" + vendor)
          && HOST.text(folder + "/device").orElse("").equals("0x" + device)
          && left-- == 0) {
        return HostAddress.parse(name);
      }
    }
    return abort("the lab has no device " + vendor + ":" + device + ": give it with --device");
  }

  /** The name of its driver; empty for none. */
  static String driver(HostAddress address) {
    return HOST.linkName(address.sysfs() + "/driver").orElse("");
  }

  /** The number of its IOMMU group. */
  static String group(HostAddress address) {
    return HOST.linkName(address.sysfs() + "/iommu_group").orElse("none");
  }

  /** A value of {@code --assign} for it, which lets it be without a reset where it has none. */
  static String spec(HostAddress address) {
    return address + (HOST.exists(address.sysfs() + "/reset_method") ? "" : ",no-reset=allow");
  }
}
