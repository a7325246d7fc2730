package javelin.boot.acpi;

import java.util.List;
import java.util.Optional;
import java.util.stream.IntStream;
import javelin.boot.acpi.AcpiMachine.AddressRange;
import javelin.boot.acpi.AcpiMachine.IntxRouting;
import javelin.boot.acpi.AcpiMachine.IoApic;
import javelin.boot.acpi.AcpiMachine.LegacyDevices;
import javelin.boot.acpi.AcpiMachine.PciRoot;
import javelin.boot.acpi.AcpiMachine.PowerManagement;
import javelin.boot.acpi.AcpiMachine.SerialPort;

/** Machines of the usual layout, for the tests of this package. */
final class TestMachines {
  static final AddressRange ECAM = new AddressRange(0xE000_0000L, 0xEFFF_FFFFL);
  static final AddressRange MMIO32 = new AddressRange(0xC000_0000L, 0xDFFF_FFFFL);
  static final AddressRange MMIO64 = new AddressRange(0x40_0000_0000L, 0x7F_FFFF_FFFFL);
  static final List<AddressRange> IO_WINDOWS =
      List.of(new AddressRange(0, 0xCF7), new AddressRange(0xD00, 0xFFFF));
  static final IoApic IO_APIC = new IoApic(0, 0xFEC0_0000L, 24);
  static final IntxRouting INTX = new IntxRouting(16, 8);
  static final LegacyDevices ALL_LEGACY =
      new LegacyDevices(List.of(new SerialPort(0x3F8, 4)), true, true);

  private TestMachines() {}

  static PowerManagement power() {
    return new PowerManagement(0x600, 0x604, 0x608, 0x620, 8, 9, 0xCF9, 0x06, 5);
  }

  static PciRoot pci(Optional<AddressRange> mmio64) {
    return new PciRoot(ECAM, IO_WINDOWS, MMIO32, mmio64, INTX);
  }

  static List<Integer> apicIds(int first, int step, int count) {
    return IntStream.range(0, count).mapToObj(i -> first + i * step).toList();
  }

  static AcpiMachine machine(List<Integer> apicIds, boolean window64, LegacyDevices legacy) {
    return new AcpiMachine(
        apicIds,
        0xFEE0_0000L,
        IO_APIC,
        power(),
        pci(window64 ? Optional.of(MMIO64) : Optional.empty()),
        legacy);
  }

  static AcpiMachine machine(int cpus) {
    return machine(apicIds(0, 1, cpus), true, ALL_LEGACY);
  }
}
