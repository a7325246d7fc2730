package javelin.boot.acpi;

import java.util.List;
import javelin.boot.acpi.AcpiMachine.IoApic;
import javelin.boot.acpi.aml.ByteWriter;

/** The interrupt controllers: MADT (ACPI 6.5, 5.2.12). */
final class Madt {
  private static final int REVISION = 6;

  /** There are two 8259s as well, which an operating system must mask (5.2.12, PCAT_COMPAT). */
  private static final int PCAT_COMPAT = 1;

  /** 0xFF means all processors, so ids above 254 need the x2APIC entries (5.2.12.12). */
  private static final int MAX_XAPIC_ID = 254;

  private static final int ENABLED = 1;
  private static final int ALL_PROCESSORS_XAPIC = 0xFF;
  private static final long ALL_PROCESSORS = 0xFFFF_FFFFL;
  private static final int LINT1 = 1;

  // MPS INTI flags (table 5.26): polarity in bits 0-1, trigger mode in bits 2-3.
  private static final int CONFORMS_TO_BUS = 0;
  private static final int EDGE_ACTIVE_HIGH = 0b0101;
  private static final int LEVEL_ACTIVE_HIGH = 0b1101;

  /** The timer of the PC is IRQ 0, wired to pin 2 of the I/O APIC. */
  private static final int TIMER_IRQ = 0;

  private static final int TIMER_PIN = 2;

  private static final int FIRST_GSI = 0;

  private Madt() {}

  static byte[] build(AcpiMachine machine) {
    ByteWriter out = new ByteWriter();
    out.u32(machine.localApicAddress()).u32(PCAT_COMPAT);
    List<Integer> apicIds = machine.apicIds();
    for (int uid = 0; uid < apicIds.size(); uid++) {
      processor(out, uid, apicIds.get(uid));
    }
    IoApic ioApic = machine.ioApic();
    out.u8(1).u8(12).u8(ioApic.id()).u8(0).u32(ioApic.address()).u32(FIRST_GSI);
    int sci = machine.power().sciIrq();
    sourceOverride(out, TIMER_IRQ, FIRST_GSI + TIMER_PIN, EDGE_ACTIVE_HIGH);
    sourceOverride(out, sci, FIRST_GSI + sci, LEVEL_ACTIVE_HIGH);
    localNmi(out, apicIds);
    return SystemTable.of("APIC", REVISION, out);
  }

  /** Processor local APIC (5.2.12.2) or local x2APIC (5.2.12.12). */
  private static void processor(ByteWriter out, int uid, int apicId) {
    if (apicId <= MAX_XAPIC_ID) {
      out.u8(0).u8(8).u8(uid).u8(apicId).u32(ENABLED);
    } else {
      out.u8(9).u8(16).u16(0).u32(apicId).u32(ENABLED).u32(uid);
    }
  }

  /** Interrupt source override (5.2.12.5). */
  private static void sourceOverride(ByteWriter out, int irq, int gsi, int flags) {
    out.u8(2).u8(10).u8(0).u8(irq).u32(gsi).u16(flags);
  }

  /** Local APIC NMI (5.2.12.7), and its x2APIC form (5.2.12.13) where such CPUs are. */
  private static void localNmi(ByteWriter out, List<Integer> apicIds) {
    if (apicIds.stream().anyMatch(id -> id <= MAX_XAPIC_ID)) {
      out.u8(4).u8(6).u8(ALL_PROCESSORS_XAPIC).u16(CONFORMS_TO_BUS).u8(LINT1);
    }
    if (apicIds.stream().anyMatch(id -> id > MAX_XAPIC_ID)) {
      out.u8(10).u8(12).u16(CONFORMS_TO_BUS).u32(ALL_PROCESSORS).u8(LINT1).zeros(3);
    }
  }
}
