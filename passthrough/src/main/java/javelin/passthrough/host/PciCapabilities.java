package javelin.passthrough.host;

import java.util.Optional;
import java.util.OptionalInt;
import javelin.devices.pci.Capabilities;

/**
 * What a function's capabilities say.
 *
 * @param msiVectors how many MSI vectors it asks for, 1 to 32; 0 where it has no MSI
 * @param msixVectors entries of its MSI-X table, 1 to 2048; 0 where it has no MSI-X
 * @param portType what it is to PCI Express
 */
public record PciCapabilities(int msiVectors, int msixVectors, PortType portType) {
  /** Each of the three has its 16-bit control or flags field here. */
  private static final int CONTROL = 2;

  /** The capabilities; empty where they may not be read. */
  static Optional<PciCapabilities> of(ConfigBytes config) {
    if (!config.showsCapabilities()) {
      return Optional.empty();
    }
    OptionalInt express = control(config, Capabilities.EXPRESS);
    return Optional.of(
        new PciCapabilities(
            control(config, Capabilities.MSI).stream()
                .map(control -> 1 << (control >> 1 & 7))
                .sum(),
            control(config, Capabilities.MSIX).stream().map(control -> (control & 0x7FF) + 1).sum(),
            express.isPresent()
                ? PortType.of(express.getAsInt() >> 4 & 0xF)
                : PortType.CONVENTIONAL));
  }

  private static OptionalInt control(ConfigBytes config, int id) {
    OptionalInt offset = config.capability(id);
    return offset.isPresent()
        ? OptionalInt.of(config.u16(offset.getAsInt() + CONTROL))
        : OptionalInt.empty();
  }
}
