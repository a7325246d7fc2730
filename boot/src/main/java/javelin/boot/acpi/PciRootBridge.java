package javelin.boot.acpi;

import static javelin.boot.acpi.aml.Aml.and;
import static javelin.boot.acpi.aml.Aml.arg;
import static javelin.boot.acpi.aml.Aml.createDwordField;
import static javelin.boot.acpi.aml.Aml.eisaId;
import static javelin.boot.acpi.aml.Aml.equal;
import static javelin.boot.acpi.aml.Aml.ifThen;
import static javelin.boot.acpi.aml.Aml.integer;
import static javelin.boot.acpi.aml.Aml.local;
import static javelin.boot.acpi.aml.Aml.name;
import static javelin.boot.acpi.aml.Aml.not;
import static javelin.boot.acpi.aml.Aml.or;
import static javelin.boot.acpi.aml.Aml.packageOf;
import static javelin.boot.acpi.aml.Aml.path;
import static javelin.boot.acpi.aml.Aml.returnValue;
import static javelin.boot.acpi.aml.Aml.serializedMethod;
import static javelin.boot.acpi.aml.Aml.store;
import static javelin.boot.acpi.aml.Aml.uuid;

import java.util.ArrayList;
import java.util.List;
import javelin.boot.acpi.AcpiMachine.AddressRange;
import javelin.boot.acpi.AcpiMachine.IntxRouting;
import javelin.boot.acpi.AcpiMachine.PciRoot;
import javelin.boot.acpi.aml.ResourceTemplate;
import javelin.boot.acpi.aml.Term;

/**
 * What the DSDT says of the PCI Express root: identity, windows, interrupt routing and who controls
 * its features. There is no {@code _ADR}: a device has that or {@code _HID}, not both (ACPI 6.5,
 * 6.1).
 */
final class PciRootBridge {
  private static final int DEVICES = 32;
  private static final int PINS = 4;

  /** In a {@code _PRT} address: all functions of the device (6.2.13). */
  private static final long ALL_FUNCTIONS = 0xFFFF;

  /** The {@code _OSC} interface of PCI host bridges (PCI Firmware 3.3, 4.5.1). */
  private static final String PCI_HOST_BRIDGE_UUID = "33DB4D5B-1FF7-401C-9657-7441C03DD766";

  private static final int OSC_REVISION = 1;

  // Errors in the first dword of the answer (ACPI 6.5, 6.2.11.1).
  private static final int OSC_UNRECOGNIZED_UUID = 1 << 2;
  private static final int OSC_UNRECOGNIZED_REVISION = 1 << 3;
  private static final int OSC_CAPABILITIES_MASKED = 1 << 4;

  // Control bits in the third dword (PCI Firmware 3.3, table 4-6).
  private static final int NATIVE_HOTPLUG = 1;
  private static final int PME = 1 << 2;
  private static final int AER = 1 << 3;
  private static final int CAPABILITY_STRUCTURE = 1 << 4;

  /** No SHPC exists here, and latency tolerance means nothing without a physical link. */
  private static final int GRANTED = NATIVE_HOTPLUG | PME | AER | CAPABILITY_STRUCTURE;

  private PciRootBridge() {}

  /** Returns the objects of the root's device. */
  static List<Term> objects(PciRoot pci) {
    return List.of(
        name("_HID", eisaId("PNP0A08")),
        name("_CID", eisaId("PNP0A03")),
        name("_SEG", integer(0)),
        name("_BBN", integer(0)),
        name("_UID", integer(0)),
        name("_CRS", windows(pci)),
        name("_PRT", interruptRouting(pci.intx())),
        operatingSystemCapabilities());
  }

  private static Term windows(PciRoot pci) {
    ResourceTemplate resources =
        new ResourceTemplate()
            .busWindow(0, pci.lastBus())
            .io((int) PciRoot.CONFIG_PORTS.first(), (int) PciRoot.CONFIG_PORTS.size());
    for (AddressRange ports : pci.ioWindows()) {
      resources.ioWindow((int) ports.first(), (int) ports.last());
    }
    resources.memoryWindow32(pci.mmio32().first(), pci.mmio32().last());
    pci.mmio64().ifPresent(window -> resources.memoryWindow64(window.first(), window.last()));
    return resources.toTerm();
  }

  /**
   * {@code _PRT} (6.2.13): every pin of every device on bus 0, each wired to its GSI (source 0).
   * Such routes are level-triggered and active low, as PCI has it.
   */
  private static Term interruptRouting(IntxRouting intx) {
    List<Term> routes = new ArrayList<>();
    for (int device = 0; device < DEVICES; device++) {
      for (int pin = 0; pin < PINS; pin++) {
        routes.add(
            packageOf(
                List.of(
                    integer((long) device << 16 | ALL_FUNCTIONS),
                    integer(pin),
                    integer(0),
                    integer(intx.gsi(device, pin)))));
      }
    }
    return packageOf(routes);
  }

  /**
   * {@code _OSC} (6.2.11): the operating system asks for control of features in the third dword of
   * Arg3 and finds there what it was given.
   */
  private static Term operatingSystemCapabilities() {
    Term capabilities = arg(3);
    Term status = path("CDW1");
    Term control = path("CDW3");
    Term asked = local(0);
    return serializedMethod(
        "_OSC",
        4,
        List.of(
            createDwordField(capabilities, 0, "CDW1"),
            ifThen(
                not(equal(arg(0), uuid(PCI_HOST_BRIDGE_UUID))),
                refuse(status, OSC_UNRECOGNIZED_UUID, capabilities)),
            ifThen(
                not(equal(arg(1), integer(OSC_REVISION))),
                refuse(status, OSC_UNRECOGNIZED_REVISION, capabilities)),
            createDwordField(capabilities, 8, "CDW3"),
            store(control, asked),
            and(control, integer(GRANTED), control),
            ifThen(
                not(equal(control, asked)),
                List.of(or(status, integer(OSC_CAPABILITIES_MASKED), status))),
            returnValue(capabilities)));
  }

  private static List<Term> refuse(Term status, int error, Term capabilities) {
    return List.of(or(status, integer(error), status), returnValue(capabilities));
  }
}
