package javelin.boot.acpi;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatIllegalArgumentException;

import java.util.List;
import java.util.Optional;
import java.util.stream.Stream;
import javelin.boot.acpi.AcpiMachine.AddressRange;
import javelin.boot.acpi.AcpiMachine.IntxRouting;
import javelin.boot.acpi.AcpiMachine.IoApic;
import javelin.boot.acpi.AcpiMachine.LegacyDevices;
import javelin.boot.acpi.AcpiMachine.PciRoot;
import javelin.boot.acpi.AcpiMachine.PowerManagement;
import javelin.boot.acpi.AcpiMachine.SerialPort;
import org.assertj.core.api.ThrowableAssert.ThrowingCallable;
import org.junit.jupiter.api.Test;

class AcpiMachineTest {
  @Test
  void shouldTurnPinsInOrderWhenRoutingIntx() {
    IntxRouting intx = new IntxRouting(16, 8);
    assertThat(intx.gsi(0, 0)).isEqualTo(16);
    assertThat(intx.gsi(3, 1)).isEqualTo(20);
    assertThat(intx.gsi(5, 3)).isEqualTo(16);
    assertThat(intx.gsi(31, 3)).isEqualTo(18);
  }

  @Test
  void shouldCountBusesFromEcamWhenItIsSmall() {
    PciRoot root =
        new PciRoot(
            new AddressRange(0xE000_0000L, 0xE03F_FFFFL),
            TestMachines.IO_WINDOWS,
            TestMachines.MMIO32,
            Optional.empty(),
            TestMachines.INTX);
    assertThat(root.lastBus()).isEqualTo(3);
  }

  @Test
  void shouldRefuseCpusWhenTheirNumberOrIdsAreWrong() {
    refused(() -> withApicIds(List.of()), "0 CPUs: 1 to 64");
    refused(() -> withApicIds(TestMachines.apicIds(0, 1, 65)), "65 CPUs: 1 to 64");
    refused(() -> withApicIds(List.of(0, 1, 1)), "APIC id 1 is given to two CPUs");
    refused(() -> withApicIds(List.of(-1)), "APIC id -1 is negative");
  }

  @Test
  void shouldRefuseInterruptsWhenNoPinIsThere() {
    refused(() -> new IoApic(256, 0xFEC0_0000L, 24), "I/O APIC id 256");
    refused(() -> new IoApic(0, 1L << 32, 24), "not in the low 4 GiB");
    refused(() -> new IoApic(0, 0xFEC0_0000L, 15), "an I/O APIC with 15 pins");
    refused(() -> new IntxRouting(16, 0), "INTx routing to 0 GSIs");
    refused(
        () ->
            new AcpiMachine(
                List.of(0),
                0xFEE0_0000L,
                new IoApic(0, 0xFEC0_0000L, 20),
                TestMachines.power(),
                TestMachines.pci(Optional.empty()),
                TestMachines.ALL_LEGACY),
        "PCI INTx goes to GSI 16..23, but the I/O APIC has GSI 0..19");
  }

  @Test
  void shouldRefusePortsWhenTheyLeaveThePortSpace() {
    refused(() -> power(0xFFFD, 8, 9, 5), "PM1 event at port 0xfffd");
    refused(() -> power(0x600, 7, 9, 5), "GPE0 with 7 ports");
    refused(() -> power(0x600, 8, 16, 5), "IRQ 16 of the SCI");
    refused(() -> power(0x600, 8, 9, 8), "SLP_TYP 8");
    refused(() -> new SerialPort(0xFFFF, 4), "a serial port at port 0xffff");
    refused(() -> new SerialPort(0x3F8, 0), "IRQ 0 of a serial port");
    List<SerialPort> five = Stream.generate(() -> new SerialPort(0x3F8, 4)).limit(5).toList();
    refused(() -> new LegacyDevices(five, true, true), "5 serial ports");
  }

  @Test
  void shouldRefuseWindowsWhenTheyDoNotFitTheirSpace() {
    refused(() -> new AddressRange(2, 1), "0x2..0x1 is no address range");
    refused(() -> new AddressRange(-1, 1), "is no address range");
    refused(
        () -> root(new AddressRange(0xE008_0000L, 0xE017_FFFFL), TestMachines.MMIO32, ioWindow()),
        "ECAM at 0xe0080000..0xe017ffff");
    refused(
        () -> root(TestMachines.ECAM, new AddressRange(0xC000_0000L, 1L << 32), ioWindow()),
        "leaves the low 4 GiB");
    refused(() -> root(TestMachines.ECAM, TestMachines.ECAM, ioWindow()), "overlaps ECAM");
    refused(
        () -> root(TestMachines.ECAM, TestMachines.MMIO32, new AddressRange(0, 0xFFFF)),
        "PCI I/O window 0x0..0xffff leaves the 64 KiB of ports or takes those of configuration");
    refused(
        () -> root(TestMachines.ECAM, TestMachines.MMIO32, new AddressRange(0xD00, 0x1_0000)),
        "PCI I/O window 0xd00..0x10000");
    refused(
        () ->
            new PciRoot(
                TestMachines.ECAM,
                TestMachines.IO_WINDOWS,
                TestMachines.MMIO32,
                Optional.of(new AddressRange(0xD000_0000L, 1L << 36)),
                TestMachines.INTX),
        "64-bit PCI window 0xd0000000..0x1000000000 overlaps");
    refused(
        () ->
            new PciRoot(
                TestMachines.ECAM,
                List.of(),
                TestMachines.MMIO32,
                Optional.empty(),
                TestMachines.INTX),
        "no I/O window");
  }

  private static void refused(ThrowingCallable call, String message) {
    assertThatIllegalArgumentException().isThrownBy(call).withMessageContaining(message);
  }

  private static AddressRange ioWindow() {
    return new AddressRange(0xD00, 0xFFFF);
  }

  private static AcpiMachine withApicIds(List<Integer> ids) {
    return TestMachines.machine(ids, true, TestMachines.ALL_LEGACY);
  }

  private static PowerManagement power(int pm1Event, int gpe0Ports, int sci, int s5) {
    return new PowerManagement(pm1Event, 0x604, 0x608, 0x620, gpe0Ports, sci, 0xCF9, 6, s5);
  }

  private static PciRoot root(AddressRange ecam, AddressRange mmio32, AddressRange io) {
    return new PciRoot(ecam, List.of(io), mmio32, Optional.empty(), TestMachines.INTX);
  }
}
