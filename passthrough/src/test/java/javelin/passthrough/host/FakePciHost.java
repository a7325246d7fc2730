package javelin.passthrough.host;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.FileAlreadyExistsException;
import java.nio.file.Files;
import java.nio.file.Path;
import javelin.vmm.linux.HostFiles;

/**
 * A made-up host below a temporary folder: the part of Linux's sysfs and proc that tells of PCI
 * devices, with folders and relative links as they are on real hosts.
 */
public final class FakePciHost {
  private static final String ROOT_BUS = "/sys/devices/pci0000:00";

  private final Path root;

  /** An empty host with an IOMMU. */
  public FakePciHost(Path root) {
    this.root = root;
    directory("/sys/class/iommu/dmar0");
    directory("/sys/bus/pci/devices");
  }

  /** The host as the product reads it. */
  public HostFiles files() {
    return new HostFiles(root);
  }

  /** The host's inventory as it is now. */
  public HostInventory inventory() {
    return HostInventory.read(files());
  }

  /** The facts of one device as they are now. */
  public HostDevice read(String address) {
    return inventory().device(HostAddress.parse(address));
  }

  /** An endpoint on the root bus: 256 bytes of configuration space, no BARs, no driver. */
  public FakePciDevice device(String address) {
    return new FakePciDevice(this, ROOT_BUS, address);
  }

  /** An endpoint behind a port. */
  public FakePciDevice behind(FakePciDevice port, String address) {
    return new FakePciDevice(this, port.path(), address);
  }

  /** A bridge on the root bus, bound to pcieport. */
  public FakePciDevice port(String address) {
    return device(address).ids(0x1B36, 0x000C).type(0x060400).config(0x0E, 1).driver("pcieport");
  }

  /** Takes the IOMMU away; devices have no groups unless they are given some. */
  public FakePciHost withoutIommu() {
    return delete("/sys/class/iommu/dmar0");
  }

  /** A text file; folders above it are made. */
  public FakePciHost file(String path, String text) {
    return bytes(path, text.getBytes(StandardCharsets.UTF_8));
  }

  /** A file of bytes; folders above it are made. */
  public FakePciHost bytes(String path, byte[] bytes) {
    return change(path, file -> Files.write(file, bytes));
  }

  /** A folder; those above it are made. */
  public FakePciHost directory(String path) {
    return change(path, Files::createDirectories);
  }

  /** A link from one path of the host to another, relative as those of sysfs are. */
  public FakePciHost link(String path, String target) {
    return change(
        path,
        file -> {
          Path to = file.getParent().relativize(root.resolve(target.substring(1)));
          try {
            Files.createSymbolicLink(file, to);
          } catch (FileAlreadyExistsException e) {
            Files.delete(file);
            Files.createSymbolicLink(file, to);
          }
        });
  }

  /** A process that has nodes open. */
  public FakePciHost process(int number, String name, String... nodes) {
    file("/proc/" + number + "/comm", name + "\n");
    for (int i = 0; i < nodes.length; i++) {
      Path target = Path.of(nodes[i]);
      change("/proc/" + number + "/fd/" + i, file -> Files.createSymbolicLink(file, target));
    }
    return this;
  }

  /** Removes a file, a link or an empty folder. */
  public FakePciHost delete(String path) {
    return change(path, Files::delete);
  }

  /** A partition of a disk with a major:minor number. */
  public FakePciHost partition(String disk, String name, String number) {
    String folder = "/sys/block/" + disk + "/" + name;
    return file(folder + "/partition", "1\n").file(folder + "/dev", number + "\n");
  }

  /**
   * A block device that stands on others.
   *
   * @param number major:minor
   * @param below paths in /sys/block of what it stands on, such as {@code sda} or {@code sda/sda1}
   */
  public FakePciHost holder(String name, String number, String... below) {
    String folder = "/sys/devices/virtual/block/" + name;
    file(folder + "/dev", number + "\n").link("/sys/block/" + name, folder);
    for (String under : below) {
      link("/sys/block/" + under + "/holders/" + name, folder);
    }
    return this;
  }

  /** Lines of /proc/self/mountinfo, {@code "259:1 /data /dev/nvme0n1p1"} each. */
  public FakePciHost mounts(String... mounts) {
    StringBuilder text = new StringBuilder("21 1 0:5 / / rw - tmpfs tmpfs rw\n");
    for (String mount : mounts) {
      String[] words = mount.split(" ", -1);
      text.append(
          String.format(
              "30 21 %s / %s rw,relatime shared:1 - ext4 %s rw\n", words[0], words[1], words[2]));
    }
    return file("/proc/self/mountinfo", text.toString());
  }

  /** Lines of /proc/net/route, {@code "eth0 0002000A 00FFFFFF"} each: interface, prefix, mask. */
  public FakePciHost routes(String... routes) {
    StringBuilder text =
        new StringBuilder("Iface Destination Gateway Flags RefCnt Use Metric Mask\n");
    for (String route : routes) {
      String[] words = route.split(" ", -1);
      text.append(
          String.format("%s\t%s\t00000000\t0001\t0\t0\t0\t%s\n", words[0], words[1], words[2]));
    }
    return file("/proc/net/route", text.toString());
  }

  /** A change to one file. */
  @FunctionalInterface
  private interface Change {
    void run(Path file) throws IOException;
  }

  private FakePciHost change(String path, Change change) {
    Path file = root.resolve(path.substring(1));
    try {
      Files.createDirectories(file.getParent());
      change.run(file);
      return this;
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }
}
