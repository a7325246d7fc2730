package javelin.boot.acpi;

import javelin.boot.acpi.AcpiMachine.PciRoot;
import javelin.boot.acpi.aml.ByteWriter;

/** Where the configuration space of PCI is in memory: MCFG (PCI Firmware 3.3, 4.1.2). */
final class Mcfg {
  private static final int REVISION = 1;
  private static final int SEGMENT = 0;
  private static final int FIRST_BUS = 0;

  private Mcfg() {}

  static byte[] build(PciRoot pci) {
    ByteWriter out = new ByteWriter();
    out.zeros(8);
    out.u64(pci.ecam().first()).u16(SEGMENT).u8(FIRST_BUS).u8(pci.lastBus()).zeros(4);
    return SystemTable.of("MCFG", REVISION, out);
  }
}
