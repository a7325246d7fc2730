package javelin.boot.acpi;

import javelin.boot.acpi.AcpiMachine.PowerManagement;
import javelin.boot.acpi.aml.ByteWriter;

/** The fixed hardware: FADT (ACPI 6.5, 5.2.9) and FACS (5.2.10). */
final class FixedAcpi {
  private static final int FADT_REVISION = 6;
  private static final int FADT_MINOR_REVISION = 5;
  private static final int FACS_LENGTH = 64;
  private static final int FACS_VERSION = 2;

  private static final int PROFILE_UNSPECIFIED = 0;

  /** Latencies above 100 and 1000 microseconds say that C2 and C3 do not exist. */
  private static final int NO_C_STATE_LATENCY = 0xFFFF;

  /** CMOS index where PCs keep the century of the date. */
  private static final int CMOS_CENTURY = 0x32;

  // IA-PC boot architecture flags (5.2.9.3).
  private static final int BOOT_LEGACY_DEVICES = 1;
  private static final int BOOT_I8042 = 1 << 1;
  private static final int BOOT_NO_VGA = 1 << 2;
  private static final int BOOT_NO_ASPM = 1 << 4;
  private static final int BOOT_NO_CMOS_RTC = 1 << 5;

  // Fixed feature flags (5.2.9, table 5.10). PWR_BUTTON stays 0: the button is fixed hardware.
  private static final int WBINVD = 1;
  private static final int PROC_C1 = 1 << 2;
  private static final int NO_FIXED_SLEEP_BUTTON = 1 << 5;
  private static final int NO_FIXED_RTC_WAKE = 1 << 6;
  private static final int TIMER_32_BITS = 1 << 8;
  private static final int RESET_REGISTER = 1 << 10;
  private static final long FLAGS =
      WBINVD | PROC_C1 | NO_FIXED_SLEEP_BUTTON | NO_FIXED_RTC_WAKE | TIMER_32_BITS | RESET_REGISTER;

  // Generic address structure (5.2.3.2): address space and access sizes.
  private static final int SYSTEM_IO = 1;
  private static final int BYTE_ACCESS = 1;
  private static final int WORD_ACCESS = 2;
  private static final int DWORD_ACCESS = 3;

  private FixedAcpi() {}

  /** The FADT; {@code facs} and {@code dsdt} are guest-physical addresses below 4 GiB. */
  static byte[] fadt(AcpiMachine machine, long facs, long dsdt) {
    PowerManagement pm = machine.power();
    ByteWriter out = new ByteWriter();
    out.u32(facs).u32(dsdt).u8(0).u8(PROFILE_UNSPECIFIED);
    // No SMI command port, nor its values: the machine is in ACPI mode from the start.
    out.u16(pm.sciIrq()).u32(0).zeros(4);
    out.u32(pm.pm1Event()).u32(0).u32(pm.pm1Control()).u32(0).u32(0);
    out.u32(pm.timer()).u32(pm.gpe0()).u32(0);
    out.u8(PowerManagement.PM1_EVENT_PORTS).u8(PowerManagement.PM1_CONTROL_PORTS).u8(0);
    out.u8(PowerManagement.TIMER_PORTS).u8(pm.gpe0Ports()).u8(0).u8(0).u8(0);
    out.u16(NO_C_STATE_LATENCY).u16(NO_C_STATE_LATENCY);
    // No cache flush sizes (WBINVD works), no duty cycle; alarms have neither day nor month.
    out.u16(0).u16(0).u8(0).u8(0).u8(0).u8(0);
    out.u8(machine.legacy().rtc() ? CMOS_CENTURY : 0);
    out.u16(bootFlags(machine)).u8(0).u32(FLAGS);
    ioRegister(out, pm.resetPort(), 1, BYTE_ACCESS);
    out.u8(pm.resetValue()).u16(0).u8(FADT_MINOR_REVISION);
    // The FACS is below 4 GiB and named above; only one of its two fields may be used.
    out.u64(0).u64(dsdt);
    ioRegister(out, pm.pm1Event(), PowerManagement.PM1_EVENT_PORTS, WORD_ACCESS);
    noRegister(out);
    ioRegister(out, pm.pm1Control(), PowerManagement.PM1_CONTROL_PORTS, WORD_ACCESS);
    noRegister(out);
    noRegister(out);
    ioRegister(out, pm.timer(), PowerManagement.TIMER_PORTS, DWORD_ACCESS);
    ioRegister(out, pm.gpe0(), pm.gpe0Ports(), BYTE_ACCESS);
    noRegister(out);
    // Sleep control and status belong to hardware-reduced machines.
    noRegister(out);
    noRegister(out);
    out.ascii("JAVELIN", 8, '\0');
    return SystemTable.of("FACP", FADT_REVISION, out);
  }

  /** The FACS: no waking vector, as there is no sleep state to wake from. */
  static byte[] facs() {
    return new ByteWriter()
        .ascii("FACS", 4, ' ')
        .u32(FACS_LENGTH)
        .zeros(24)
        .u8(FACS_VERSION)
        .zeros(FACS_LENGTH - 33)
        .toByteArray();
  }

  private static int bootFlags(AcpiMachine machine) {
    AcpiMachine.LegacyDevices legacy = machine.legacy();
    // The guest sees no physical link whose power it could manage.
    int flags = BOOT_NO_VGA | BOOT_NO_ASPM;
    if (!legacy.serialPorts().isEmpty() || legacy.i8042()) {
      flags |= BOOT_LEGACY_DEVICES;
    }
    if (legacy.i8042()) {
      flags |= BOOT_I8042;
    }
    if (!legacy.rtc()) {
      flags |= BOOT_NO_CMOS_RTC;
    }
    return flags;
  }

  private static void ioRegister(ByteWriter out, int port, int ports, int access) {
    out.u8(SYSTEM_IO).u8(ports * 8).u8(0).u8(access).u64(port);
  }

  private static void noRegister(ByteWriter out) {
    out.zeros(12);
  }
}
