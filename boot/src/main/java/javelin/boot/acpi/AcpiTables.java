package javelin.boot.acpi;

import java.util.ArrayList;
import java.util.List;
import javelin.boot.acpi.aml.ByteWriter;

/**
 * Builds the ACPI tables of a machine and links them (ACPI 6.5, 5.2):
 *
 * <pre>
 *   RSDP ─► XSDT, RSDT ─► FADT ─► FACS, DSDT
 *                         MADT
 *                         MCFG
 * </pre>
 */
public final class AcpiTables {
  /** Start of the area where an operating system searches the RSDP (5.2.5.1). */
  public static final long AREA_START = 0xE_0000;

  /** The first address behind that area. */
  public static final long AREA_END = 0x10_0000;

  private static final int RSDP_ALIGNMENT = 16;
  private static final int TABLE_ALIGNMENT = 16;
  private static final int FACS_ALIGNMENT = 64;

  private final long address;
  private final ByteWriter image = new ByteWriter();

  private AcpiTables(long address) {
    this.address = address;
  }

  /**
   * Returns the tables of {@code machine}, the RSDP first, to be put at {@code address}.
   *
   * @throws IllegalArgumentException where the address is not in the BIOS area at a multiple of 16,
   *     or the tables do not fit between it and the area's end
   */
  public static AcpiImage build(AcpiMachine machine, long address) {
    if (address < AREA_START || address >= AREA_END || address % RSDP_ALIGNMENT != 0) {
      throw new IllegalArgumentException(
          String.format(
              "ACPI tables at 0x%x: the RSDP is found only at a multiple of 16 in 0x%x..0x%x",
              address, AREA_START, AREA_END - 1));
    }
    byte[] bytes = new AcpiTables(address).link(machine);
    long room = AREA_END - address;
    if (bytes.length > room) {
      throw new IllegalArgumentException(
          String.format(
              "the ACPI tables take %d bytes, but from 0x%x only %d are left below 1 MiB:"
                  + " place them lower or give the machine fewer CPUs",
              bytes.length, address, room));
    }
    return new AcpiImage(address, bytes);
  }

  private byte[] link(AcpiMachine machine) {
    image.zeros(RootPointer.LENGTH);
    long facs = place(FixedAcpi.facs(), FACS_ALIGNMENT);
    long dsdt = place(Dsdt.build(machine), TABLE_ALIGNMENT);
    List<Long> tables = new ArrayList<>();
    tables.add(place(FixedAcpi.fadt(machine, facs, dsdt), TABLE_ALIGNMENT));
    tables.add(place(Madt.build(machine), TABLE_ALIGNMENT));
    tables.add(place(Mcfg.build(machine.pci()), TABLE_ALIGNMENT));
    long rsdt = place(RootPointer.rsdt(tables), TABLE_ALIGNMENT);
    long xsdt = place(RootPointer.xsdt(tables), TABLE_ALIGNMENT);

    byte[] bytes = image.toByteArray();
    byte[] rsdp = RootPointer.build(rsdt, xsdt);
    System.arraycopy(rsdp, 0, bytes, 0, rsdp.length);
    return bytes;
  }

  /** Appends a table at the next multiple of {@code alignment} and returns its guest address. */
  private long place(byte[] table, int alignment) {
    long end = address + image.length();
    long start = (end + alignment - 1) / alignment * alignment;
    image.zeros((int) (start - end));
    image.bytes(table);
    return start;
  }
}
