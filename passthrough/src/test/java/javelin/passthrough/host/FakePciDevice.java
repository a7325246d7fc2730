package javelin.passthrough.host;

import java.util.Arrays;

/** A PCI function of a {@link FakePciHost}; each change is in its files at once. */
public final class FakePciDevice {
  private static final int CONFIG_SIZE = 256;
  private static final int LINES = 7;

  private final FakePciHost host;
  private final String address;
  private final String path;
  private final byte[] config = new byte[CONFIG_SIZE];
  private final String[] resources = new String[LINES];

  FakePciDevice(FakePciHost host, String parent, String address) {
    this.host = host;
    this.address = HostAddress.parse(address).toString();
    path = parent + "/" + this.address;
    Arrays.fill(resources, resource(0, 0, 0));
    host.directory(path).link(HostAddress.parse(address).sysfs(), path);
    ids(0x1234, 0x5678).type(0xFF0000).config(0, 0x34, 0x12, 0x78, 0x56);
    attribute("subsystem_vendor", "0x1af4").attribute("subsystem_device", "0x1100");
    attribute("revision", "0x10").attribute("numa_node", "-1").attribute("modalias", "pci:v1234");
    attribute("driver_override", "(null)");
    attribute("resource", String.join("\n", resources));
  }

  private static String resource(long start, long end, long flags) {
    return String.format("0x%016x 0x%016x 0x%016x", start, end, flags);
  }

  /** Its folder below /sys/devices. */
  public String path() {
    return path;
  }

  /** Its address as sysfs writes it. */
  public String address() {
    return address;
  }

  /** A file in its folder. */
  public FakePciDevice attribute(String name, String text) {
    host.file(path + "/" + name, text + "\n");
    return this;
  }

  /** Vendor and device ID. */
  public FakePciDevice ids(int vendor, int device) {
    return attribute("vendor", String.format("0x%04x", vendor))
        .attribute("device", String.format("0x%04x", device));
  }

  /** The 24 bits of its class code. */
  public FakePciDevice type(int classCode) {
    return attribute("class", String.format("0x%06x", classCode));
  }

  /** Binds it to a driver. */
  public FakePciDevice driver(String name) {
    host.directory("/sys/bus/pci/drivers/" + name);
    host.link(path + "/driver", "/sys/bus/pci/drivers/" + name);
    return this;
  }

  /** Puts it into an IOMMU group. */
  public FakePciDevice group(int number) {
    String group = "/sys/kernel/iommu_groups/" + number;
    host.link(group + "/devices/" + address, path).link(path + "/iommu_group", group);
    return this;
  }

  /** How it can be reset, such as {@code "flr bus"}. */
  public FakePciDevice reset(String methods) {
    return attribute("reset_method", methods);
  }

  /** A BAR (0 to 5) or the ROM (6) at 256 MiB; flags as in linux/ioport.h. */
  public FakePciDevice bar(int index, long size, long flags) {
    resources[index] = resource(0x1000_0000, 0x1000_0000 + size - 1, flags);
    return attribute("resource", String.join("\n", resources));
  }

  /** Bytes of its configuration space. */
  public FakePciDevice config(int offset, int... bytes) {
    for (int i = 0; i < bytes.length; i++) {
      config[offset + i] = (byte) bytes[i];
    }
    host.bytes(path + "/config", config);
    return this;
  }

  /** Cuts its configuration space off, as for users without rights. */
  public FakePciDevice readableConfig(int length) {
    host.bytes(path + "/config", Arrays.copyOf(config, length));
    return this;
  }

  /** A network interface on it. */
  public FakePciDevice netdev(String name, boolean up) {
    return child("net", "net/" + name, name)
        .attribute("net/" + name + "/flags", up ? "0x1003" : "0x1002");
  }

  /**
   * A disk on it.
   *
   * @param below the folders between, such as {@code nvme/nvme0}
   * @param number major:minor
   */
  public FakePciDevice disk(String below, String name, String number) {
    String place = below + "/" + name;
    host.link("/sys/block/" + name, path + "/" + place);
    return attribute(place + "/dev", number);
  }

  /** A device of a class of sysfs at a place below it. */
  public FakePciDevice child(String type, String place, String name) {
    host.directory(path + "/" + place).link("/sys/class/" + type + "/" + name, path + "/" + place);
    return this;
  }

  /**
   * A character device below it.
   *
   * @param number major:minor
   * @param node its path below /dev
   */
  public FakePciDevice character(String place, String number, String node) {
    host.link("/sys/dev/char/" + number, path + "/" + place);
    return attribute(place + "/uevent", "MAJOR=1\nDEVNAME=" + node);
  }

  /** Makes {@code function} its next virtual function. */
  public FakePciDevice virtualFunction(int number, FakePciDevice function) {
    host.link(path + "/virtfn" + number, function.path()).link(function.path() + "/physfn", path);
    return this;
  }
}
