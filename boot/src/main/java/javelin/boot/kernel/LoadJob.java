package javelin.boot.kernel;

import static javelin.boot.kernel.Placement.PAGE_SIZE;

import javelin.vmm.memory.GuestMemory;

/**
 * One kernel being loaded: the open files, where they go, and the steps that the protocols share.
 *
 * @param initrd the initial RAM disk, or null
 */
record LoadJob(
    KernelConfig config, Content kernel, Content initrd, Placement placement, GuestMemory memory) {

  /** Loads the initial RAM disk as {@link Initrd#loadHigh} does, where there is one. */
  Initrd loadInitrd(long addressMaximum, boolean anywhere) {
    return initrd == null
        ? Initrd.NONE
        : Initrd.loadHigh(initrd, addressMaximum, anywhere, placement, memory);
  }

  /** Pages below 640 KiB, filled with zeros. */
  long lowPages(String name, int length) {
    long address = placement.low(kernel, name, length);
    memory.fill(address, length, 0);
    return address;
  }

  /** Bytes in pages of their own below 640 KiB. */
  long lowBytes(String name, byte[] bytes) {
    long address = placement.low(kernel, name, bytes.length);
    memory.write(address, bytes);
    return address;
  }

  /** The start in 64-bit mode, with page tables and GDT. */
  BootState start64(long rip, long rsi, String description) {
    long gdt = lowPages("GDT", PAGE_SIZE);
    EntryTables.writeGdt(memory, gdt, BootState.Mode.LONG_64);
    long tables = placement.low(kernel, "page tables", EntryTables.PAGE_TABLES_SIZE);
    EntryTables.writeIdentityMap(memory, tables);
    int limit = EntryTables.GDT_SIZE - 1;
    return new BootState(BootState.Mode.LONG_64, rip, 0, 0, rsi, tables, gdt, limit, description);
  }

  /** The start in 32-bit mode, with a GDT. */
  BootState start32(long rip, long rax, long rbx, String description) {
    long gdt = lowPages("GDT", PAGE_SIZE);
    EntryTables.writeGdt(memory, gdt, BootState.Mode.PROTECTED_32);
    int limit = EntryTables.GDT_SIZE - 1;
    return new BootState(BootState.Mode.PROTECTED_32, rip, rax, rbx, 0, 0, gdt, limit, description);
  }
}
