package javelin.boot.acpi;

import java.util.HashSet;
import java.util.List;
import java.util.Optional;
import java.util.Set;

/**
 * What the ACPI tables say of the machine, checked once, here.
 *
 * @param apicIds the local APIC id of each CPU, the boot CPU first; 1 to 64 of them, all different
 * @param localApicAddress guest-physical address of the local APIC page, below 4 GiB
 * @param ioApic the one I/O APIC
 * @param power the fixed power-management hardware
 * @param pci the PCI root
 * @param legacy the ISA devices that are present
 */
public record AcpiMachine(
    List<Integer> apicIds,
    long localApicAddress,
    IoApic ioApic,
    PowerManagement power,
    PciRoot pci,
    LegacyDevices legacy) {
  /** The most CPUs that the tables describe. */
  public static final int MAX_CPUS = 64;

  private static final int MAX_PORT = 0xFFFF;
  private static final long MAX_U32 = 0xFFFF_FFFFL;

  /** Checks the CPUs and that interrupts arrive at pins that exist. */
  public AcpiMachine {
    apicIds = List.copyOf(apicIds);
    check(
        !apicIds.isEmpty() && apicIds.size() <= MAX_CPUS,
        "ACPI tables for %s CPUs: 1 to %s are possible",
        apicIds.size(),
        MAX_CPUS);
    Set<Integer> seen = new HashSet<>();
    for (int id : apicIds) {
      check(id >= 0, "APIC id %s is negative", id);
      check(seen.add(id), "APIC id %s is given to two CPUs", id);
    }
    checkBelow4GiB("the local APIC", localApicAddress);
    IntxRouting intx = pci.intx();
    check(
        intx.firstGsi() + intx.count() <= ioApic.pins(),
        "PCI INTx goes to GSI %s..%s, but the I/O APIC has GSI 0..%s",
        intx.firstGsi(),
        intx.firstGsi() + intx.count() - 1,
        ioApic.pins() - 1);
  }

  /**
   * The I/O APIC: its pin n is GSI n, so that the ISA interrupts are its first 16 pins.
   *
   * @param id its APIC id, 0..255
   * @param address guest-physical address, below 4 GiB
   * @param pins how many pins it has, at least 16
   */
  public record IoApic(int id, long address, int pins) {
    /** Checks the id, the address and that the ISA interrupts have pins. */
    public IoApic {
      check(id >= 0 && id <= 0xFF, "I/O APIC id %s is not in 0..255", id);
      checkBelow4GiB("the I/O APIC", address);
      check(pins >= 16, "an I/O APIC with %s pins: the ISA interrupts need 16", pins);
    }
  }

  /**
   * The fixed hardware of ACPI 6.5 chapter 4.8, in I/O ports. PM1 event has 4 ports, PM1 control 2,
   * and the 32-bit timer 4.
   *
   * @param pm1Event port of the PM1a event block
   * @param pm1Control port of the PM1a control block
   * @param timer port of the power-management timer
   * @param gpe0 port of the GPE0 block: status bytes, then as many enable bytes
   * @param gpe0Ports how many ports the GPE0 block has, even
   * @param sciIrq the ISA interrupt of the SCI, level-triggered and active high
   * @param resetPort port of the reset register
   * @param resetValue what a write to it must be
   * @param s5SleepType SLP_TYP of soft off, 0..7
   */
  public record PowerManagement(
      int pm1Event,
      int pm1Control,
      int timer,
      int gpe0,
      int gpe0Ports,
      int sciIrq,
      int resetPort,
      int resetValue,
      int s5SleepType) {
    /** Ports of the PM1 event block: two bytes of status and two of enable. */
    public static final int PM1_EVENT_PORTS = 4;

    /** Ports of the PM1 control block. */
    public static final int PM1_CONTROL_PORTS = 2;

    /** Ports of the timer. */
    public static final int TIMER_PORTS = 4;

    /** Checks that all is within the port space and the register fields. */
    public PowerManagement {
      checkPorts("PM1 event", pm1Event, PM1_EVENT_PORTS);
      checkPorts("PM1 control", pm1Control, PM1_CONTROL_PORTS);
      checkPorts("the PM timer", timer, TIMER_PORTS);
      checkPorts("GPE0", gpe0, gpe0Ports);
      check(
          gpe0Ports % 2 == 0 && gpe0Ports > 0 && gpe0Ports < 32,
          "GPE0 with %s ports: an even number from 2 to 30 is possible",
          gpe0Ports);
      checkIsaIrq("the SCI", sciIrq);
      checkPorts("the reset register", resetPort, 1);
      check(resetValue >= 0 && resetValue <= 0xFF, "reset value %s is not a byte", resetValue);
      check(s5SleepType >= 0 && s5SleepType <= 7, "SLP_TYP %s is not in 0..7", s5SleepType);
    }
  }

  /**
   * The PCI root: segment 0, buses from 0.
   *
   * @param ecam the memory-mapped configuration space: 1 MiB for each bus, from bus 0
   * @param ioWindows ports that belong to PCI devices, at least one range
   * @param mmio32 memory below 4 GiB for their BARs
   * @param mmio64 memory for their 64-bit BARs, where there is any
   * @param intx where their interrupt pins go
   */
  public record PciRoot(
      AddressRange ecam,
      List<AddressRange> ioWindows,
      AddressRange mmio32,
      Optional<AddressRange> mmio64,
      IntxRouting intx) {
    /** CONFIG_ADDRESS and CONFIG_DATA (PCI 3.0, 3.2.2.3.2): the bridge's own. */
    static final AddressRange CONFIG_PORTS = new AddressRange(0xCF8, 0xCFF);

    private static final int ECAM_BUS_SHIFT = 20;

    /** Checks the ranges against their address spaces and against each other. */
    public PciRoot {
      ioWindows = List.copyOf(ioWindows);
      long busSize = 1L << ECAM_BUS_SHIFT;
      check(
          ecam.first() % busSize == 0 && ecam.size() % busSize == 0 && ecam.size() <= 256 * busSize,
          "ECAM at %s is not made of 1 to 256 MiB, aligned to 1 MiB",
          ecam);
      check(!ioWindows.isEmpty(), "the PCI root has no I/O window");
      for (AddressRange window : ioWindows) {
        check(
            window.last() <= MAX_PORT && !window.overlaps(CONFIG_PORTS),
            "PCI I/O window %s leaves the 64 KiB of ports or takes those of configuration, %s",
            window,
            CONFIG_PORTS);
      }
      check(mmio32.last() <= MAX_U32, "the 32-bit PCI window %s leaves the low 4 GiB", mmio32);
      check(!mmio32.overlaps(ecam), "the 32-bit PCI window %s overlaps ECAM %s", mmio32, ecam);
      for (AddressRange window : mmio64.stream().toList()) {
        check(
            !window.overlaps(ecam) && !window.overlaps(mmio32),
            "the 64-bit PCI window %s overlaps ECAM or the 32-bit window",
            window);
      }
    }

    /** Returns the number of the last bus: ECAM has 1 MiB for each. */
    public int lastBus() {
      return (int) (ecam.size() >>> ECAM_BUS_SHIFT) - 1;
    }
  }

  /**
   * Where the INTx pins of bus 0 go: pin p (A is 0) of device d to GSI {@code firstGsi + (d + p)
   * mod count}, level-triggered.
   *
   * @param firstGsi the first of the GSIs in turn
   * @param count how many there are
   */
  public record IntxRouting(int firstGsi, int count) {
    /** Checks that there is a GSI to go to. */
    public IntxRouting {
      check(
          firstGsi >= 0 && firstGsi < 1 << 16 && count > 0 && count < 1 << 16,
          "INTx routing to %s GSIs from GSI %s: neither a possible first nor a possible count",
          count,
          firstGsi);
    }

    /** Returns the GSI of pin 0..3 of device 0..31. */
    public int gsi(int device, int pin) {
      return firstGsi + (device + pin) % count;
    }
  }

  /**
   * The ISA devices that are present.
   *
   * @param serialPorts the serial ports, COM1 first
   * @param rtc whether there is a CMOS clock at port 0x70, IRQ 8
   * @param i8042 whether there is a keyboard controller at ports 0x60 and 0x64, IRQ 1
   */
  public record LegacyDevices(List<SerialPort> serialPorts, boolean rtc, boolean i8042) {
    private static final int MAX_SERIAL_PORTS = 4;

    /** Checks the number of serial ports. */
    public LegacyDevices {
      serialPorts = List.copyOf(serialPorts);
      check(
          serialPorts.size() <= MAX_SERIAL_PORTS,
          "%s serial ports: 0 to 4 are possible",
          serialPorts.size());
    }
  }

  /**
   * A 16550A serial port.
   *
   * @param port its first I/O port, of 8
   * @param irq its ISA interrupt
   */
  public record SerialPort(int port, int irq) {
    /** How many ports a 16550A has. */
    public static final int PORTS = 8;

    /** Checks port and interrupt. */
    public SerialPort {
      checkPorts("a serial port", port, PORTS);
      checkIsaIrq("a serial port", irq);
    }
  }

  /**
   * A range of memory or ports, both ends included.
   *
   * @param first the first address
   * @param last the last address
   */
  public record AddressRange(long first, long last) {
    /** Checks that the range is not empty and its addresses not negative. */
    public AddressRange {
      check(
          first >= 0 && last >= first,
          "0x%x..0x%x is no address range: its last address must not be before its first",
          first,
          last);
    }

    /** Returns the number of addresses. */
    public long size() {
      return last - first + 1;
    }

    boolean overlaps(AddressRange other) {
      return first <= other.last && other.first <= last;
    }

    @Override
    public String toString() {
      return String.format("0x%x..0x%x", first, last);
    }
  }

  private static void checkPorts(String what, int first, int count) {
    check(
        first > 0 && first <= MAX_PORT + 1 - count,
        "%s at port 0x%x with %s ports is not within 0x1..0xffff",
        what,
        first,
        count);
  }

  private static void checkIsaIrq(String what, int irq) {
    check(irq > 0 && irq <= 15, "IRQ %s of %s is not in 1..15", irq, what);
  }

  private static void checkBelow4GiB(String what, long address) {
    check(address > 0 && address <= MAX_U32, "%s at 0x%x is not in the low 4 GiB", what, address);
  }

  @SuppressWarnings("AnnotateFormatMethod") // The annotation would cost a dependency.
  private static void check(boolean holds, String message, Object... values) {
    if (!holds) {
      throw new IllegalArgumentException(String.format(message, values));
    }
  }
}
