package javelin.boot.machine;

import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.stream.Stream;
import javelin.boot.acpi.AcpiMachine.AddressRange;
import javelin.boot.acpi.AcpiMachine.IntxRouting;
import javelin.boot.acpi.AcpiMachine.IoApic;
import javelin.boot.acpi.AcpiMachine.PciRoot;
import javelin.boot.acpi.AcpiMachine.PowerManagement;
import javelin.boot.acpi.AcpiMachine.SerialPort;
import javelin.boot.guest.assign.PciPlatform;
import javelin.boot.kernel.MemoryMap;
import javelin.devices.legacy.AcpiPm;
import javelin.devices.pci.AddressWindow;
import javelin.devices.pci.IntxRouter;
import javelin.passthrough.preflight.GuestLayout;
import javelin.vmm.memory.GuestRam;
import javelin.vmm.memory.RamConfig;

/** Where everything is: the fixed addresses, ports and interrupts of Javelin's PC. */
public final class PcLayout {
  /** The ACPI tables, the RSDP first, in the BIOS area where guests look for it. */
  public static final long ACPI_TABLES = MemoryMap.BIOS_START;

  /** The local APIC of each CPU. */
  public static final long LOCAL_APIC = 0xfee0_0000L;

  /** The I/O APIC: GSIs 0 to 23. */
  public static final IoApic IO_APIC = new IoApic(0, 0xfec0_0000L, 24);

  /** Page table and task state that Intel hosts need for real mode: four pages below 4 GiB. */
  public static final long IDENTITY_MAP = 0xfffb_c000L;

  /** The task state's three pages. */
  public static final long TSS = 0xfffb_d000L;

  /**
   * Buses that configuration space has room for, 1 MiB each. Linux looks at every slot of every
   * bus, two exits each, so there are no more than a topology of root ports needs.
   */
  public static final int PCI_BUSES = 32;

  /** Configuration space of the PCI functions. */
  public static final AddressRange ECAM = new AddressRange(0xe000_0000L, 0xe1ff_ffffL);

  /** Memory for 32-bit BARs. */
  public static final AddressRange MMIO32 = new AddressRange(0xc000_0000L, 0xdfff_ffffL);

  /** Ports for I/O BARs: all but those of configuration mechanism 1. */
  public static final List<AddressRange> PCI_PORTS =
      List.of(new AddressRange(0, 0xcf7), new AddressRange(0xd00, 0xffff));

  /** PCI interrupt pins go to the upper eight pins of the I/O APIC. */
  public static final IntxRouting INTX =
      new IntxRouting(IntxRouter.FIRST_GSI, IntxRouter.GSI_COUNT);

  public static final int PM1_EVENT = 0x600;
  public static final int PM1_CONTROL = 0x604;
  public static final int PM_TIMER = 0x608;
  public static final int GPE0 = 0x620;
  public static final int SCI_IRQ = 9;
  public static final int RESET_PORT = 0xcf9;
  public static final int RESET_VALUE = 0x06;

  /** ACPI's fixed hardware. */
  public static final PowerManagement POWER =
      new PowerManagement(
          PM1_EVENT,
          PM1_CONTROL,
          PM_TIMER,
          GPE0,
          AcpiPm.GPE0_LENGTH,
          SCI_IRQ,
          RESET_PORT,
          RESET_VALUE,
          AcpiPm.SLEEP_TYPE_S5);

  /** The first serial port. */
  public static final SerialPort COM1 = new SerialPort(0x3f8, 4);

  public static final int CMOS_PORT = 0x70;
  public static final int RTC_IRQ = 8;
  public static final int I8042_DATA_PORT = 0x60;
  public static final int I8042_COMMAND_PORT = 0x64;
  public static final int KEYBOARD_IRQ = 1;
  public static final int MOUSE_IRQ = 12;
  public static final int SYSTEM_CONTROL_PORT = 0x92;
  public static final int POST_PORT = 0x80;
  public static final int DEBUG_EXIT_PORT = 0xf4;

  /** Ports from here on are no emulated device's. */
  private static final int CHECKED_PORTS = 0x1000;

  private static final int PORTS_END = 0x1_0000;
  private static final long GIB = 1L << 30;
  private static final int LEAST_ADDRESS_BITS = 36;

  /** KVM's limit on physical addresses of guests with four levels of nested paging. */
  private static final int MOST_ADDRESS_BITS = 46;

  /**
   * The window for 64-bit BARs: the upper half of what the guest can address.
   *
   * @param ramEnd first address behind guest RAM
   * @param addressBits the guest's physical address width (CPUID 0x80000008)
   * @return empty where RAM leaves no room for it
   */
  static Optional<AddressRange> mmio64(long ramEnd, int addressBits) {
    int bits = Math.min(addressBits, MOST_ADDRESS_BITS);
    if (bits < LEAST_ADDRESS_BITS) {
      return Optional.empty();
    }
    long end = 1L << bits;
    long start = Math.max(end / 2, (ramEnd + GIB - 1) & -GIB);
    return start < end ? Optional.of(new AddressRange(start, end - 1)) : Optional.empty();
  }

  /** Where I/O BARs may be, the windows that ACPI tells the guest of. */
  static List<AddressWindow> portWindows() {
    return PCI_PORTS.stream().map(PcLayout::window).toList();
  }

  /** Where memory BARs may be. */
  static List<AddressWindow> mmioWindows(Optional<AddressRange> mmio64) {
    return Stream.concat(Stream.of(MMIO32), mmio64.stream()).map(PcLayout::window).toList();
  }

  private static AddressWindow window(AddressRange range) {
    return new AddressWindow(range.first(), range.size());
  }

  /**
   * What a guest asks of the host for its devices.
   *
   * @param addressBits the guest's physical address width
   */
  public static GuestLayout guestLayout(RamConfig ram, int addressBits) {
    List<AddressWindow> windows = new ArrayList<>();
    long low = Math.min(ram.size(), GuestRam.LOW_LIMIT);
    windows.add(new AddressWindow(0, low));
    long end = low;
    if (ram.size() > low) {
      windows.add(new AddressWindow(GuestRam.HIGH_BASE, ram.size() - low));
      end = GuestRam.HIGH_BASE + ram.size() - low;
    }
    return new GuestLayout(
        windows,
        ram.locked() ? 2 * ram.size() : ram.size(),
        window(MMIO32),
        mmio64(end, addressBits).map(PcLayout::window));
  }

  /** The PCI root, with the 64-bit window where there is one. */
  static PciRoot pciRoot(Optional<AddressRange> mmio64) {
    return new PciRoot(ECAM, PCI_PORTS, MMIO32, mmio64, INTX);
  }

  /** What the guests that check PCI functions have to know, without an interpreter of the DSDT. */
  static PciPlatform pciPlatform(Optional<AddressRange> mmio64) {
    return PciPlatform.of(
        window(MMIO32),
        mmio64.map(PcLayout::window),
        new AddressWindow(CHECKED_PORTS, PORTS_END - CHECKED_PORTS),
        IntxRouter.FIRST_GSI,
        IntxRouter.GSI_COUNT);
  }

  /** The ranges that the memory map names besides RAM. */
  static List<MemoryMap.Entry> reserved() {
    return List.of(
        MemoryMap.Entry.reserved(ECAM.first(), ECAM.size()),
        MemoryMap.Entry.reserved(IDENTITY_MAP, TSS - IDENTITY_MAP + 3 * 4096));
  }

  private PcLayout() {}
}
