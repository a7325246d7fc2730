package javelin.boot.guest.assign;

import java.util.List;
import javelin.boot.guest.runtime.CheckingGuest;

/**
 * A guest that checks the functions of PCI bus 0, each in turn: it finds them by ECAM, places their
 * BARs and drives the devices that it knows. What firmware or a loader has placed before does not
 * matter: it takes all decoding away first. Bridges are left alone.
 */
public abstract class PciCheckGuest extends CheckingGuest {
  private static final int PAGE = 4096;

  protected final Kit kit;
  final AddressMap addresses;
  protected final Functions functions;
  protected final Bars bars;
  protected final Capabilities capabilities;
  protected final MsixChecks msix;
  protected final PciInterrupts pciInterrupts;
  private final Allocator allocator;

  /** A guest that calls itself {@code name}, for a machine of that kind. */
  protected PciCheckGuest(String name, PciPlatform platform) {
    super(name, platform.sleepType());
    kit = new Kit(a, r, entry, acpi, apic, ioApic, interrupts, platform);
    addresses = new AddressMap(kit);
    allocator = new Allocator(kit);
    functions = new Functions(kit);
    bars = new Bars(kit, functions, allocator, addresses);
    capabilities = new Capabilities(kit, functions);
    msix = new MsixChecks(kit, functions, addresses);
    pciInterrupts = new PciInterrupts(kit, functions, msix);
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

  /** Checks the function at RBX. */
  protected abstract void emitFunction();

  /** What it knows to drive. */
  protected abstract List<DeviceChecks> devices();

  @Override
  protected void emitRoutines() {
    addresses.emitRoutines();
    allocator.emitRoutines();
    functions.emitRoutines();
    bars.emitRoutines();
    msix.emitRoutines();
    devices().forEach(DeviceChecks::emitRoutines);
  }

  @Override
  protected void emitRoom() {
    for (DeviceChecks device : devices()) {
      a.align(PAGE);
      device.emitRoom();
    }
  }
}
