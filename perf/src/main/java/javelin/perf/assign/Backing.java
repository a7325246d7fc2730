package javelin.perf.assign;

import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Optional;
import java.util.function.Supplier;
import javelin.boot.machine.AssignSource;
import javelin.boot.machine.AssignSpec;
import javelin.boot.machine.ConfigException;
import javelin.boot.machine.DiskSpec;
import javelin.passthrough.host.HostDevice;
import javelin.passthrough.host.HostInventory;
import javelin.passthrough.host.use.BlockDevices;
import javelin.perf.bench.HostWait;
import javelin.vmm.linux.HostFiles;

/** What a device's data is on, as a virtio disk. */
final class Backing {
  private static final int MASS_STORAGE = 0x01;

  private Backing() {}

  /**
   * The disk of {@code device}.
   *
   * @param writes whether it may be written to
   * @return empty where the device is on no disk that can be found
   */
  static Optional<Supplier<DiskSpec>> of(AssignSpec device, boolean writes) {
    if (device.device() instanceof AssignSource.Demo demo && demo.disk() != null) {
      // In the host's page cache, as the served controller has it.
      return Optional.of(() -> new DiskSpec(demo.disk(), !writes, "", 1));
    }
    if (device.device() instanceof AssignSource.Host host) {
      HostFiles files = HostFiles.system();
      HostDevice found = HostInventory.read(files).device(host.address());
      if (found.ids().baseClass() == MASS_STORAGE) {
        return Optional.of(() -> blockDevice(files, found, writes));
      }
    }
    return Optional.empty();
  }

  /** The host's block device on a PCI device that it has back, once that is there. */
  private static DiskSpec blockDevice(HostFiles files, HostDevice device, boolean writes) {
    try {
      return HostWait.until(() -> node(files, device))
          .map(node -> DiskSpec.parse(node + ",cache=none" + (writes ? "" : ",readonly=on")))
          .orElseThrow(
              () ->
                  new ConfigException(
                      "virtio",
                      device.address(),
                      "the host has no disk on it: does it have its driver?"));
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      throw new ConfigException("virtio", device.address(), "interrupted");
    }
  }

  private static Optional<Path> node(HostFiles files, HostDevice device) {
    return new BlockDevices(files)
        .disks(device).stream()
            .findFirst()
            .map(disk -> Path.of("/dev", disk))
            .filter(Files::exists);
  }
}
