package javelin.passthrough.host;

import java.util.List;
import java.util.Map;
import java.util.Optional;

/** The classes that hosts mostly have (PCI Code and ID Assignment Specification, chapter 1). */
final class PciClass {
  private static final Map<Integer, String> NAMES =
      Map.ofEntries(
          Map.entry(0x0100, "SCSI controller"),
          Map.entry(0x0101, "IDE controller"),
          Map.entry(0x0104, "RAID controller"),
          Map.entry(0x0106, "SATA controller"),
          Map.entry(0x0107, "SAS controller"),
          Map.entry(0x0108, "NVMe controller"),
          Map.entry(0x0200, "Ethernet controller"),
          Map.entry(0x0207, "InfiniBand controller"),
          Map.entry(0x0280, "Network controller"),
          Map.entry(0x0300, "VGA controller"),
          Map.entry(0x0302, "3D controller"),
          Map.entry(0x0380, "Display controller"),
          Map.entry(0x0401, "Audio controller"),
          Map.entry(0x0403, "Audio device"),
          Map.entry(0x0500, "RAM controller"),
          Map.entry(0x0580, "Memory controller"),
          Map.entry(0x0600, "Host bridge"),
          Map.entry(0x0601, "ISA bridge"),
          Map.entry(0x0604, "PCI bridge"),
          Map.entry(0x0700, "Serial controller"),
          Map.entry(0x0780, "Communication controller"),
          Map.entry(0x0800, "Interrupt controller"),
          Map.entry(0x0801, "DMA controller"),
          Map.entry(0x0802, "Timer"),
          Map.entry(0x0803, "Real-time clock"),
          Map.entry(0x0805, "SD host controller"),
          Map.entry(0x0806, "IOMMU"),
          Map.entry(0x0807, "Root complex event collector"),
          Map.entry(0x0880, "System peripheral"),
          Map.entry(0x0900, "Keyboard controller"),
          Map.entry(0x0C00, "FireWire controller"),
          Map.entry(0x0C03, "USB controller"),
          Map.entry(0x0C05, "SMBus controller"),
          Map.entry(0x0D80, "Wireless controller"),
          Map.entry(0x1000, "Network encryption controller"),
          Map.entry(0x1080, "Encryption controller"),
          Map.entry(0x1101, "Performance counters"),
          Map.entry(0x1180, "Signal processing controller"),
          Map.entry(0x1200, "Processing accelerator"));

  private static final List<String> BASE_NAMES =
      List.of(
          "Device without a class",
          "Storage controller",
          "Network controller",
          "Display controller",
          "Multimedia controller",
          "Memory controller",
          "Bridge",
          "Communication controller",
          "System peripheral",
          "Input controller",
          "Docking station",
          "Processor",
          "Serial bus controller",
          "Wireless controller",
          "Intelligent controller",
          "Satellite controller",
          "Encryption controller",
          "Signal processing controller",
          "Processing accelerator",
          "Instrumentation");

  private PciClass() {}

  /** The name of base class and sub-class, 16 bits. */
  static Optional<String> name(int subClass) {
    return Optional.ofNullable(NAMES.get(subClass));
  }

  /** The name of a base class. */
  static Optional<String> baseName(int baseClass) {
    return baseClass < BASE_NAMES.size()
        ? Optional.of(BASE_NAMES.get(baseClass))
        : Optional.empty();
  }
}
