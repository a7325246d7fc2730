package javelin.boot.kernel;

import static javelin.boot.kernel.Placement.PAGE_SIZE;

import javelin.vmm.memory.GuestMemory;

/** The GDT and the page tables that the boot CPU starts with. */
final class EntryTables {
  private static final int GDT_ENTRIES = 6;

  // Intel SDM volume 3, 3.4.5: flat, 4 GiB, ring 0; accessed, so that the CPU never writes them.
  private static final long CODE_64 = 0x00af_9b00_0000_ffffL;
  private static final long CODE_32 = 0x00cf_9b00_0000_ffffL;
  private static final long DATA = 0x00cf_9300_0000_ffffL;
  private static final long BUSY_TSS = 0x0000_8b00_0000_0067L;

  // Intel SDM volume 3, 4.5: present and writable; a page directory entry that maps 2 MiB.
  private static final long TABLE = 0x3;
  private static final long LARGE_PAGE = 0x83;
  private static final int ENTRIES = 512;
  private static final int GIBIBYTES = 4;

  /** Size of the GDT in bytes; what a TSS of 64-bit mode needs beyond its descriptor is 0. */
  static final int GDT_SIZE = GDT_ENTRIES * Long.BYTES;

  /** Size of the page tables: PML4, one PDPT, four page directories. */
  static final int PAGE_TABLES_SIZE = (2 + GIBIBYTES) * PAGE_SIZE;

  static void writeGdt(GuestMemory memory, long address, BootState.Mode mode) {
    memory.fill(address, GDT_SIZE, 0);
    memory.writeU64(
        address + BootState.CODE_SELECTOR, mode == BootState.Mode.LONG_64 ? CODE_64 : CODE_32);
    memory.writeU64(address + BootState.DATA_SELECTOR, DATA);
    memory.writeU64(address + BootState.TASK_SELECTOR, BUSY_TSS);
  }

  /**
   * Maps the low 4 GiB to themselves, in pages of 2 MiB.
   *
   * @param address page-aligned; the PML4, so the value of CR3
   */
  static void writeIdentityMap(GuestMemory memory, long address) {
    memory.fill(address, 2 * PAGE_SIZE, 0);
    long pointers = address + PAGE_SIZE;
    long directories = pointers + PAGE_SIZE;
    memory.writeU64(address, pointers | TABLE);
    for (int i = 0; i < GIBIBYTES; i++) {
      memory.writeU64(pointers + i * 8L, (directories + (long) i * PAGE_SIZE) | TABLE);
    }
    for (int i = 0; i < GIBIBYTES * ENTRIES; i++) {
      memory.writeU64(directories + i * 8L, ((long) i << 21) | LARGE_PAGE);
    }
  }

  private EntryTables() {}
}
