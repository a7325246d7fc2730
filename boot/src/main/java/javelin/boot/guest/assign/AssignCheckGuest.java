package javelin.boot.guest.assign;

import java.util.List;
import javelin.boot.guest.GuestProgram;

/**
 * The guest that checks the functions of PCI bus 0: it moves and resets them, and drives the
 * devices that it knows, with their interrupts and their DMA.
 */
public final class AssignCheckGuest extends PciCheckGuest {
  private final FunctionChecks generic;
  private final List<DeviceChecks> devices;

  private AssignCheckGuest(PciPlatform platform) {
    super("assign-check", platform);
    generic = new FunctionChecks(kit, functions, bars, addresses);
    devices =
        List.of(
            new EduChecks(kit, pciInterrupts),
            new TestdevChecks(kit),
            new NvmeChecks(kit, generic, pciInterrupts),
            new E1000Checks(kit, pciInterrupts),
            new TestFunctionChecks(kit, generic, pciInterrupts));
  }

  /** The guest for a machine of that kind. */
  public static GuestProgram program(PciPlatform platform) {
    return new AssignCheckGuest(platform).assemble();
  }

  @Override
  protected void emitFunction() {
    functions.emitIdentity();
    r.print("\r\n");
    bars.emit();
    capabilities.emit();
    generic.emit();
    msix.emit();
    devices.forEach(DeviceChecks::emit);
    functions.command(0);
  }

  @Override
  protected List<DeviceChecks> devices() {
    return devices;
  }
}
