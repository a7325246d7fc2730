package javelin.boot.kernel;

import java.nio.charset.StandardCharsets;
import javelin.boot.kernel.MemoryMap.Entry;
import javelin.vmm.memory.GuestMemory;

/**
 * Multiboot 1 (specification 0.6.96): an image with addresses in its header, or ELF32, entered in
 * 32-bit protected mode with {@code EAX = 0x2BADB002} and EBX at the information structure.
 *
 * <pre>
 *   0 flags u32      16 cmdline u32      44 mmap_length u32   64 boot_loader_name u32
 *   4 mem_lower u32  20 mods_count u32   48 mmap_addr u32     (KiB below 640 KiB; from 1 MiB
 *   8 mem_upper u32  24 mods_addr u32                          up to the first hole)
 *  module: 0 start u32, 4 end u32, 8 cmdline u32, 12 reserved u32
 *  mmap entry: 0 size u32 (20, of what follows), 4 address u64, 12 length u64, 20 type u32
 * </pre>
 *
 * The first module is the initial RAM disk, or the {@link TestEnvironment}; it follows the kernel,
 * as small kernels expect. As with other loaders, the command line starts with the file's name.
 */
final class MultibootLoader {
  static final long BOOTLOADER_MAGIC = 0x2bad_b002L;
  static final int INFO_SIZE = 120;
  static final int MODULE_SIZE = 16;
  static final int MMAP_ENTRY_SIZE = 24;

  private static final int INFO_MEMORY = 1;
  private static final int INFO_CMDLINE = 1 << 2;
  private static final int INFO_MODULES = 1 << 3;
  private static final int INFO_MMAP = 1 << 6;
  private static final int INFO_LOADER_NAME = 1 << 9;

  private static final int MAX_COMMAND_LINE = 0x7fff;
  private static final byte[] LOADER_NAME = "Javelin\0".getBytes(StandardCharsets.US_ASCII);

  /**
   * Loads the image.
   *
   * @param elf the image as ELF32, or null where the header has the addresses
   */
  static BootState load(LoadJob job, MultibootHeader header, ElfImage elf) {
    header.check(job.kernel());
    String name = job.config().kernel().name();
    String text = (name + " " + job.config().commandLine()).stripTrailing();
    byte[] commandLine = CommandLine.encode(text, MAX_COMMAND_LINE);
    long entry;
    if (elf == null) {
      loadFlat(job, header);
      entry = header.entry();
    } else {
      entry = elf.physicalEntry(job.kernel());
      elf.load(job.kernel(), job.placement(), job.memory());
    }
    Initrd module = loadModule(job);
    long info = writeInfo(job, commandLine, module);
    return job.start32(entry, BOOTLOADER_MAGIC, info, name + " (Multiboot)");
  }

  private static void loadFlat(LoadJob job, MultibootHeader header) {
    Content kernel = job.kernel();
    long start = header.loadAddress();
    long offset = header.offset() - (header.headerAddress() - start);
    long length = header.loadEnd() == 0 ? kernel.size() - offset : header.loadEnd() - start;
    long end = Math.max(start + length, header.bssEnd());
    boolean entryInside = header.entry() >= start && header.entry() < end;
    if (offset < 0 || length <= 0 || !entryInside) {
      throw kernel.error(
          "bad addresses in its Multiboot header: header 0x%x, load 0x%x-0x%x, bss end 0x%x,"
              + " entry 0x%x",
          header.headerAddress(), start, header.loadEnd(), header.bssEnd(), header.entry());
    }
    kernel.require("the image", offset, length);
    job.placement().claim(kernel, "the image", start, end - start);
    kernel.load("the image", offset, length, job.memory(), start);
    job.memory().fill(start + length, end - start - length, 0);
  }

  private static Initrd loadModule(LoadJob job) {
    Content file = job.initrd();
    String facts = TestEnvironment.facts(job.config().cpus(), job.memory().size());
    byte[] bytes = null;
    if (file == null) {
      bytes = facts.getBytes(StandardCharsets.US_ASCII);
    } else if (file.size() <= TestEnvironment.MAX_SIZE) {
      byte[] given = file.read("the initrd", 0, (int) file.size()).array();
      bytes = TestEnvironment.isEnvironment(given) ? TestEnvironment.merge(given, facts) : given;
    }
    long length = bytes == null ? file.size() : bytes.length;
    Placement placement = job.placement();
    long floor = Math.max(placement.highestClaim(), MemoryMap.EXTENDED_START);
    long address = placement.up(floor, length, Placement.LIMIT);
    if (address < 0) {
      throw Initrd.tooLarge(file == null ? job.kernel() : file, placement, Placement.LIMIT);
    }
    placement.claim(job.kernel(), "the module", address, length);
    if (bytes == null) {
      file.load("the initrd", 0, length, job.memory(), address);
    } else {
      job.memory().write(address, bytes);
    }
    return new Initrd(address, length);
  }

  private static long writeInfo(LoadJob job, byte[] commandLine, Initrd module) {
    GuestMemory memory = job.memory();
    MemoryMap map = job.placement().map();
    int entries = map.entries().size();
    long info =
        job.lowPages(
            "Multiboot information",
            INFO_SIZE + MODULE_SIZE + LOADER_NAME.length + entries * MMAP_ENTRY_SIZE);
    long modules = info + INFO_SIZE;
    long loader = modules + MODULE_SIZE;
    long mmap = loader + LOADER_NAME.length;
    long text = job.lowBytes("command line", commandLine);
    memory.writeU32(info, INFO_MEMORY | INFO_CMDLINE | INFO_MODULES | INFO_MMAP | INFO_LOADER_NAME);
    memory.writeU32(info + 4, map.ram().get(0).length() >> 10);
    Entry extended = map.extended();
    memory.writeU32(info + 8, extended == null ? 0 : extended.length() >> 10);
    memory.writeU32(info + 16, text);
    memory.writeU32(info + 20, 1);
    memory.writeU32(info + 24, modules);
    memory.writeU32(modules, module.address());
    memory.writeU32(modules + 4, module.address() + module.length());
    memory.writeU32(modules + 8, text);
    memory.writeU32(info + 44, (long) entries * MMAP_ENTRY_SIZE);
    memory.writeU32(info + 48, mmap);
    memory.writeU32(info + 64, loader);
    memory.write(loader, LOADER_NAME);
    for (int i = 0; i < entries; i++) {
      Entry range = map.entries().get(i);
      long at = mmap + (long) i * MMAP_ENTRY_SIZE;
      memory.writeU32(at, MMAP_ENTRY_SIZE - Integer.BYTES);
      memory.writeU64(at + 4, range.start());
      memory.writeU64(at + 12, range.length());
      memory.writeU32(at + 20, range.type().number());
    }
    return info;
  }

  private MultibootLoader() {}
}
