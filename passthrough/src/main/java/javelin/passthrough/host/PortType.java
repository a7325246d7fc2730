package javelin.passthrough.host;

/** What a function is to PCI Express (PCIe Base 5.0, 7.5.3.2, Device/Port Type). */
public enum PortType {
  /** It has no PCI Express capability. */
  CONVENTIONAL("conventional PCI"),
  ENDPOINT("PCIe endpoint"),
  LEGACY_ENDPOINT("legacy PCIe endpoint"),
  ROOT_PORT("root port"),
  UPSTREAM_PORT("upstream switch port"),
  DOWNSTREAM_PORT("downstream switch port"),
  PCIE_TO_PCI_BRIDGE("PCIe-to-PCI bridge"),
  PCI_TO_PCIE_BRIDGE("PCI-to-PCIe bridge"),
  INTEGRATED_ENDPOINT("root complex integrated endpoint"),
  EVENT_COLLECTOR("root complex event collector"),
  UNKNOWN("unknown PCIe function");

  private final String words;

  PortType(String words) {
    this.words = words;
  }

  /** The name for people. */
  public String words() {
    return words;
  }

  /** For the value of the field, 0 to 15. */
  static PortType of(int field) {
    return switch (field) {
      case 0x0 -> ENDPOINT;
      case 0x1 -> LEGACY_ENDPOINT;
      case 0x4 -> ROOT_PORT;
      case 0x5 -> UPSTREAM_PORT;
      case 0x6 -> DOWNSTREAM_PORT;
      case 0x7 -> PCIE_TO_PCI_BRIDGE;
      case 0x8 -> PCI_TO_PCIE_BRIDGE;
      case 0x9 -> INTEGRATED_ENDPOINT;
      case 0xA -> EVENT_COLLECTOR;
      default -> UNKNOWN;
    };
  }
}
