package javelin.boot.acpi;

import static javelin.boot.acpi.aml.Aml.device;
import static javelin.boot.acpi.aml.Aml.eisaId;
import static javelin.boot.acpi.aml.Aml.integer;
import static javelin.boot.acpi.aml.Aml.name;
import static javelin.boot.acpi.aml.Aml.packageOf;
import static javelin.boot.acpi.aml.Aml.scope;
import static javelin.boot.acpi.aml.Aml.string;

import java.util.ArrayList;
import java.util.HexFormat;
import java.util.List;
import javelin.boot.acpi.AcpiMachine.LegacyDevices;
import javelin.boot.acpi.AcpiMachine.PowerManagement;
import javelin.boot.acpi.AcpiMachine.SerialPort;
import javelin.boot.acpi.aml.ByteWriter;
import javelin.boot.acpi.aml.ResourceTemplate;
import javelin.boot.acpi.aml.Term;

/**
 * The devices that no bus enumerates: DSDT (ACPI 6.5, 5.2.11.1). The ISA devices are children of
 * the PCI root, as their ports lie in the windows that it forwards.
 */
final class Dsdt {
  private static final HexFormat DIGITS = HexFormat.of().withUpperCase();

  /** From revision 2 on, integers have 64 bits (19.6, DefinitionBlock). */
  private static final int REVISION = 2;

  private Dsdt() {}

  static byte[] build(AcpiMachine machine) {
    List<Term> onPci = new ArrayList<>(PciRootBridge.objects(machine.pci()));
    onPci.add(motherboard(machine));
    onPci.addAll(legacyDevices(machine.legacy()));

    List<Term> system = processors(machine.apicIds().size());
    system.add(device("PCI0", onPci));

    ByteWriter body = new ByteWriter();
    body.bytes(softOff(machine.power()).toByteArray());
    body.bytes(scope("\\_SB", system).toByteArray());
    return SystemTable.of("DSDT", REVISION, body);
  }

  /** SLP_TYP for PM1a and for PM1b, and two reserved bytes (7.4.2). */
  private static Term softOff(PowerManagement power) {
    Term sleepType = integer(power.s5SleepType());
    return name("\\_S5", packageOf(List.of(sleepType, sleepType, integer(0), integer(0))));
  }

  /** Processor devices (8.4); {@code _UID} is the processor's in the MADT. */
  private static List<Term> processors(int count) {
    List<Term> devices = new ArrayList<>();
    for (int uid = 0; uid < count; uid++) {
      devices.add(
          device(
              "C" + DIGITS.toHexDigits(uid, 3),
              List.of(name("_HID", string("ACPI0007")), name("_UID", integer(uid)))));
    }
    return devices;
  }

  /** What no driver claims but no other device may take: ECAM, and the ports of the PM block. */
  private static Term motherboard(AcpiMachine machine) {
    PowerManagement pm = machine.power();
    ResourceTemplate resources =
        new ResourceTemplate()
            .memory(machine.pci().ecam().first(), machine.pci().ecam().last())
            .io(pm.pm1Event(), PowerManagement.PM1_EVENT_PORTS)
            .io(pm.pm1Control(), PowerManagement.PM1_CONTROL_PORTS)
            .io(pm.timer(), PowerManagement.TIMER_PORTS)
            .io(pm.gpe0(), pm.gpe0Ports());
    return isaDevice("MBRD", "PNP0C02", 0, resources);
  }

  private static List<Term> legacyDevices(LegacyDevices legacy) {
    List<Term> devices = new ArrayList<>();
    int number = 1;
    for (SerialPort serial : legacy.serialPorts()) {
      ResourceTemplate resources =
          new ResourceTemplate().io(serial.port(), SerialPort.PORTS).isaIrq(serial.irq());
      devices.add(isaDevice("COM" + number, "PNP0501", number, resources));
      number++;
    }
    if (legacy.rtc()) {
      devices.add(isaDevice("RTC", "PNP0B00", 0, new ResourceTemplate().io(0x70, 2).isaIrq(8)));
    }
    if (legacy.i8042()) {
      ResourceTemplate resources = new ResourceTemplate().io(0x60, 1).io(0x64, 1).isaIrq(1);
      devices.add(isaDevice("KBD", "PNP0303", 0, resources));
    }
    return devices;
  }

  private static Term isaDevice(String name, String id, int uid, ResourceTemplate resources) {
    return device(
        name,
        List.of(
            name("_HID", eisaId(id)),
            name("_UID", integer(uid)),
            name("_CRS", resources.toTerm())));
  }
}
