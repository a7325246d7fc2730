package javelin.boot.machine;

import java.nio.file.Path;
import java.util.Arrays;
import java.util.List;
import java.util.Locale;
import javelin.passthrough.model.DeviceModel;
import javelin.passthrough.model.EduModel;
import javelin.passthrough.model.MsixModel;
import javelin.passthrough.model.nvme.NvmeModel;
import javelin.vmm.linux.Linux;
import javelin.vmm.linux.Resources;

/** A device that Javelin serves by vfio-user. */
public enum ServedDevice {
  /** Like QEMU's edu: INTx, MSI, DMA. */
  EDU,
  /** Javelin's test function: MSI-X, mapped memory, FLR. */
  MSIX,
  /** An NVMe controller with one namespace on a file. */
  NVME;

  /** Names of all. */
  public static List<String> names() {
    return Arrays.stream(values()).map(ServedDevice::text).toList();
  }

  /**
   * The device of a name.
   *
   * @throws IllegalArgumentException where there is none such
   */
  public static ServedDevice parse(String text) {
    return Arrays.stream(values())
        .filter(device -> device.text().equals(text))
        .findFirst()
        .orElseThrow(
            () ->
                new IllegalArgumentException(
                    "\""
                        + text
                        + "\" is no device that Javelin serves: it is one of "
                        + String.join(", ", names())));
  }

  /** Its name. */
  String text() {
    return name().toLowerCase(Locale.ROOT);
  }

  /**
   * Requires that a disk is given where one is needed, and not otherwise.
   *
   * @throws IllegalArgumentException where not
   */
  void requireDisk(Path disk) {
    if (this == NVME && disk == null) {
      throw new IllegalArgumentException("nvme needs a disk: a raw image file, or a block device");
    }
    if (this != NVME && disk != null) {
      throw new IllegalArgumentException(text() + " has no disk; nvme has one");
    }
  }

  /**
   * One at power-on.
   *
   * @param disk what an NVMe controller's namespace is on; null for the others
   * @param owned gets what the device needs, and is closed after the device
   * @throws ConfigException where the disk cannot be used
   */
  public DeviceModel open(Linux linux, Path disk, Resources owned) {
    requireDisk(disk);
    return switch (this) {
      case EDU -> new EduModel(true);
      case MSIX -> new MsixModel(false);
      case NVME -> {
        DiskSpec spec = new DiskSpec(disk, false, "", 1, false, DiskSpec.Aio.SYNC, 0, true, null);
        // The same for the same file, so that the guest's names for it stay.
        String serial = String.format("jv%08x", disk.toAbsolutePath().toString().hashCode());
        yield new NvmeModel(owned.own(DiskFiles.open(linux, spec)), serial);
      }
    };
  }
}
