package javelin.boot.kernel;

import javelin.vmm.memory.GuestMemory;

/**
 * An initial RAM disk in guest RAM; length 0 where there is none.
 *
 * @param address guest-physical address, page-aligned
 * @param length bytes
 */
record Initrd(long address, long length) {
  /** No initial RAM disk. */
  static final Initrd NONE = new Initrd(0, 0);

  /** The largest address that Linux takes where no header says another (boot.rst). */
  static final long DEFAULT_MAXIMUM = 0x7fff_ffffL;

  /**
   * Loads it as high as the kernel allows, below what the kernel uses itself.
   *
   * @param addressMaximum the highest address that its last byte may have (initrd_addr_max)
   * @param anywhere whether the kernel takes one above that too, even above 4 GiB
   */
  static Initrd loadHigh(
      Content file,
      long addressMaximum,
      boolean anywhere,
      Placement placement,
      GuestMemory memory) {
    long floor = MemoryMap.EXTENDED_START;
    long limit = Math.min(addressMaximum + 1, Placement.LIMIT);
    long address = -1;
    for (MemoryMap.Entry ram : placement.map().ram()) {
      // The first pass keeps to addressMaximum, and only RAM below 4 GiB can hold it then.
      if (ram.start() >= floor && ram.start() < limit) {
        long place =
            placement.down(Math.max(floor, ram.start()), file.size(), Math.min(limit, ram.end()));
        address = Math.max(address, place);
      }
    }
    if (address < 0 && anywhere) {
      for (MemoryMap.Entry ram : placement.map().ram()) {
        if (ram.start() >= floor) {
          address = Math.max(address, placement.down(ram.start(), file.size(), ram.end()));
        }
      }
    }
    if (address < 0) {
      throw tooLarge(file, placement, anywhere ? Long.MAX_VALUE : limit);
    }
    file.load("the initrd", 0, file.size(), memory, address);
    return new Initrd(address, file.size());
  }

  /** An error that names the sizes. */
  static KernelLoadException tooLarge(Content file, Placement placement, long limit) {
    long ram = 0;
    for (MemoryMap.Entry entry : placement.map().ram()) {
      if (entry.start() >= MemoryMap.EXTENDED_START) {
        ram += Math.max(0, Math.min(limit, entry.end()) - entry.start());
      }
    }
    return file.error(
        "%d KiB do not fit beside the kernel, which ends at 0x%x, in %d KiB of RAM that the kernel"
            + " takes it in; give the guest more with --memory",
        (file.size() + 1023) >> 10, placement.highestClaim(), ram >> 10);
  }
}
