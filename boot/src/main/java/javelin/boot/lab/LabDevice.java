package javelin.boot.lab;

import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/**
 * A PCI device that the lab's host has, in QEMU's words: a model, then its properties.
 *
 * <p>What a model cannot do without (a network or a drive behind it) is added, and an option ROM,
 * which only costs time here, is left out. Network devices with the same {@code hub=NUMBER}, a
 * property of Javelin's own, hear each other and nobody else.
 *
 * @param model QEMU's name of the device, such as {@code e1000e}
 * @param properties QEMU's {@code key=value} properties, separated by commas; may be empty
 */
public record LabDevice(String model, String properties) {
  private static final Pattern HUB = Pattern.compile(",hub=([0-9]+)");

  /** Linux's driver modules for models of which the host is to drive the device as well. */
  private static final Map<String, String> DRIVERS =
      Map.of(
          "e1000e", "e1000e",
          "e1000", "e1000",
          "igb", "igb",
          "nvme", "nvme",
          "qemu-xhci", "xhci_pci",
          "ich9-ahci", "ahci",
          "virtio-net-pci", "virtio_net",
          "virtio-blk-pci", "virtio_blk");

  /** Reads {@code MODEL[,key=value...]}. */
  public static LabDevice parse(String text) {
    int comma = text.indexOf(',');
    LabDevice device =
        comma < 0
            ? new LabDevice(text, "")
            : new LabDevice(text.substring(0, comma), text.substring(comma + 1));
    if (!device.model.matches("[A-Za-z0-9._-]+")) {
      throw new LabException(
          "--device " + text + ": name a device of QEMU's, such as edu, e1000e or nvme");
    }
    return device;
  }

  /** Whether a drive of the lab's own stands behind the device. */
  boolean needsDrive() {
    return (model.equals("nvme") || model.equals("virtio-blk-pci")) && !has("drive");
  }

  /** Whether it goes to a slot of the root bus, no matter which. */
  boolean needsSlot() {
    return !has("addr") && !has("bus");
  }

  /** The modules that make the lab's host drive the device. */
  List<String> modules() {
    String driver = DRIVERS.get(model);
    return driver == null ? List.of() : List.of(driver);
  }

  /**
   * QEMU's arguments.
   *
   * @param index a number that no other device of the lab has
   * @param slot the slot on the root bus, where {@link #needsSlot} says so
   * @param drive the image of the drive, where {@link #needsDrive} says so
   */
  List<String> arguments(int index, int slot, Path drive) {
    List<String> arguments = new ArrayList<>();
    StringBuilder device = new StringBuilder(model);
    String own = HUB.matcher("," + properties).replaceFirst("");
    if (own.length() > 1) {
      device.append(own);
    }
    if (needsSlot()) {
      device.append(",addr=0x").append(Integer.toHexString(slot));
    }
    switch (model) {
      case "e1000e", "e1000", "igb", "virtio-net-pci" -> {
        if (!has("netdev")) {
          arguments.addAll(List.of("-netdev", network() + ",id=net" + index));
          device.append(",netdev=net").append(index);
        }
        if (!has("romfile")) {
          device.append(",romfile=");
        }
      }
      case "nvme", "virtio-blk-pci" -> {
        if (needsDrive()) {
          String file = drive.toString().replace(",", ",,");
          arguments.addAll(
              List.of(
                  "-drive", "if=none,format=raw,cache=unsafe,id=drive" + index + ",file=" + file));
          device.append(",drive=drive").append(index);
        }
        if (model.equals("nvme") && !has("serial")) {
          device.append(",serial=javelin").append(index);
        }
      }
      default -> {}
    }
    arguments.addAll(List.of("-device", device.toString()));
    return arguments;
  }

  private String network() {
    Matcher hub = HUB.matcher("," + properties);
    return hub.find() ? "hubport,hubid=" + hub.group(1) : "user,restrict=on";
  }

  private boolean has(String property) {
    return ("," + properties).contains("," + property + "=");
  }
}
