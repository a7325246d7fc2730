package javelin.boot.kernel;

import javelin.boot.kernel.MemoryMap.Entry;
import javelin.vmm.memory.GuestMemory;

/**
 * The PVH entry of an ELF image: 32-bit protected mode with {@code struct hvm_start_info}, version
 * 1 (Xen's docs/misc/pvh.pandoc and public/arch-x86/hvm/start_info.h).
 *
 * <pre>
 *  start_info: 0 magic u32, 4 version u32, 8 flags u32, 12 nr_modules u32, 16 modlist_paddr u64,
 *              24 cmdline_paddr u64, 32 rsdp_paddr u64, 40 memmap_paddr u64, 48 memmap_entries u32
 *  modlist_entry: 0 paddr u64, 8 size u64, 16 cmdline_paddr u64, 24 reserved u64
 *  memmap_entry: 0 addr u64, 8 size u64, 16 type u32, 20 reserved u32
 * </pre>
 */
final class PvhLoader {
  static final long MAGIC = 0x336e_c578L;
  static final int START_INFO_SIZE = 56;
  static final int MODULE_SIZE = 32;
  static final int MEMMAP_ENTRY_SIZE = 24;

  static BootState load(LoadJob job, ElfImage elf) {
    long entry = elf.pvhEntry().orElseThrow();
    if (elf.segments().stream().noneMatch(segment -> segment.holdsPhysical(entry))) {
      throw job.kernel().error("the PVH entry point 0x%x is in none of its segments", entry);
    }
    byte[] commandLine = CommandLine.encode(job.config().commandLine(), CommandLine.LINUX_MAX);
    elf.load(job.kernel(), job.placement(), job.memory());
    Initrd initrd = job.loadInitrd(Initrd.DEFAULT_MAXIMUM, false);

    MemoryMap map = job.placement().map();
    GuestMemory memory = job.memory();
    int entries = map.entries().size();
    long info =
        job.lowPages(
            "start information", START_INFO_SIZE + MODULE_SIZE + entries * MEMMAP_ENTRY_SIZE);
    long module = info + START_INFO_SIZE;
    long memmap = module + MODULE_SIZE;
    memory.writeU32(info, MAGIC);
    memory.writeU32(info + 4, 1);
    if (initrd.length() != 0) {
      memory.writeU32(info + 12, 1);
      memory.writeU64(info + 16, module);
      memory.writeU64(module, initrd.address());
      memory.writeU64(module + 8, initrd.length());
    }
    memory.writeU64(info + 24, job.lowBytes("command line", commandLine));
    memory.writeU64(info + 32, job.config().rsdpAddress());
    memory.writeU64(info + 40, memmap);
    memory.writeU32(info + 48, entries);
    for (int i = 0; i < entries; i++) {
      Entry range = map.entries().get(i);
      long at = memmap + (long) i * MEMMAP_ENTRY_SIZE;
      memory.writeU64(at, range.start());
      memory.writeU64(at + 8, range.length());
      memory.writeU32(at + 16, range.type().number());
    }
    return job.start32(entry, 0, info, job.config().kernel().name() + " (ELF, PVH entry)");
  }

  private PvhLoader() {}
}
