package javelin.boot.guest.assign;

import java.util.List;
import javelin.boot.guest.GuestProgram;
import javelin.boot.guest.runtime.CheckingGuest;

/**
 * The guest that checks the functions of PCI bus 0: it finds them by ECAM, places their BARs, moves
 * and resets them, and drives the devices that it knows, with their interrupts and their DMA. What
 * firmware or a loader has placed before does not matter: it takes all decoding away first. Bridges
 * are left alone.
 */
public final class AssignCheckGuest extends CheckingGuest {
  private static final int PAGE = 4096;

  private final Kit kit;
  private final AddressMap addresses;
  private final Allocator allocator;
  private final Functions functions;
  private final Bars bars;
  private final Capabilities capabilities;
  private final FunctionChecks generic;
  private final MsixChecks msix;
  private final List<DeviceChecks> devices;

  private AssignCheckGuest(PciPlatform platform) {
    super("assign-check", platform.sleepType());
    kit = new Kit(a, r, entry, acpi, apic, ioApic, interrupts, platform);
    addresses = new AddressMap(kit);
    allocator = new Allocator(kit);
    functions = new Functions(kit);
    bars = new Bars(kit, functions, allocator, addresses);
    capabilities = new Capabilities(kit, functions);
    generic = new FunctionChecks(kit, functions, bars, addresses);
    msix = new MsixChecks(kit, functions, addresses);
    PciInterrupts pciInterrupts = new PciInterrupts(kit, functions, msix);
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
  protected void emitChecks() {
    checkAcpi();
    checkClock();
    apic.emitSetUp();
    r.endLine();
    allocator.emitSetUp();
    functions.emitScan();
    functions.forEach(this::emitFunction);
  }

  private void emitFunction() {
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
  protected void emitRoutines() {
    addresses.emitRoutines();
    allocator.emitRoutines();
    functions.emitRoutines();
    bars.emitRoutines();
    msix.emitRoutines();
    devices.forEach(DeviceChecks::emitRoutines);
  }

  @Override
  protected void emitRoom() {
    for (DeviceChecks device : devices) {
      a.align(PAGE);
      device.emitRoom();
    }
  }
}
