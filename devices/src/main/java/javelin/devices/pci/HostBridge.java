package javelin.devices.pci;

/**
 * The host bridge, 00:00.0: a header and nothing else. It goes by the identity of the generic PCI
 * Express host bridge, 1b36:0008, which no guest has a driver or a quirk for.
 */
public final class HostBridge extends EmulatedFunction {
  private static final PciIdentity IDENTITY = new PciIdentity(0x1b36, 0x0008, 0x060000, 0, 0, 0);

  /** A bridge at power-on. */
  public HostBridge() {
    super(IDENTITY, ConfigSpace.EXPRESS_LENGTH, null);
    ready();
  }
}
