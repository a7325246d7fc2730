package javelin.boot.kernel;

import java.nio.ByteBuffer;
import javelin.boot.kernel.MemoryMap.Entry;
import javelin.vmm.memory.GuestMemory;

/**
 * The zero page of Linux on x86, {@code struct boot_params} (uapi asm/bootparam.h,
 * Documentation/arch/x86/zero-page.rst), in guest RAM.
 *
 * <pre>
 *  0x070  acpi_rsdp_addr    u64      0x1f1  setup_header, as in a bzImage
 *  0x0c0  ext_ramdisk_image u32      0x290  end of the setup_header at most
 *  0x0c4  ext_ramdisk_size  u32      0x2d0  e820_table, 20 bytes each: address u64, size u64,
 *  0x0c8  ext_cmd_line_ptr  u32             type u32
 *  0x1e8  e820_entries      u8
 * </pre>
 */
final class ZeroPage {
  static final int SIZE = 4096;
  static final int ACPI_RSDP_ADDR_OFFSET = 0x70;
  static final int EXT_RAMDISK_IMAGE_OFFSET = 0xc0;
  static final int EXT_RAMDISK_SIZE_OFFSET = 0xc4;
  static final int E820_ENTRIES_OFFSET = 0x1e8;
  static final int E820_TABLE_OFFSET = 0x2d0;
  static final int E820_ENTRY_SIZE = 20;

  private static final int VID_MODE_NORMAL = 0xffff;
  private static final int LOADER_UNKNOWN = 0xff;

  private final GuestMemory memory;
  private final long address;

  /**
   * A page of zeros.
   *
   * @param address guest-physical address, page-aligned
   */
  ZeroPage(GuestMemory memory, long address) {
    this.memory = memory;
    this.address = address;
    memory.fill(address, SIZE, 0);
  }

  /** Guest-physical address. */
  long address() {
    return address;
  }

  /**
   * Takes over the setup header of a bzImage.
   *
   * @param image the image from its first byte
   * @param end where the header ends in it
   */
  void copySetupHeader(ByteBuffer image, int end) {
    for (int i = SetupHeader.START; i < end; i++) {
      memory.writeU8(address + i, image.get(i));
    }
  }

  /** Makes the setup header of an ELF kernel, which has none. */
  void makeSetupHeader() {
    memory.writeU16(address + SetupHeader.BOOT_FLAG_OFFSET, SetupHeader.BOOT_FLAG);
    memory.writeU32(address + SetupHeader.HEADER_OFFSET, SetupHeader.HEADER_MAGIC);
    memory.writeU16(address + SetupHeader.VERSION_OFFSET, SetupHeader.VERSION_2_12);
    memory.writeU8(address + SetupHeader.LOADFLAGS_OFFSET, SetupHeader.LOADED_HIGH);
    memory.writeU32(address + SetupHeader.INITRD_ADDR_MAX_OFFSET, Initrd.DEFAULT_MAXIMUM);
    memory.writeU16(
        address + SetupHeader.XLOADFLAGS_OFFSET,
        SetupHeader.XLF_KERNEL_64 | SetupHeader.XLF_CAN_BE_LOADED_ABOVE_4G);
    memory.writeU32(address + SetupHeader.CMDLINE_SIZE_OFFSET, CommandLine.LINUX_MAX);
  }

  /**
   * Fills in what the boot loader says.
   *
   * @param kernelAddress where the 32-bit code of a bzImage is, or 0
   * @param commandLine guest-physical address, below 4 GiB
   */
  void complete(
      MemoryMap map, long rsdpAddress, long kernelAddress, long commandLine, Initrd initrd) {
    memory.writeU64(address + ACPI_RSDP_ADDR_OFFSET, rsdpAddress);
    memory.writeU16(address + SetupHeader.VID_MODE_OFFSET, VID_MODE_NORMAL);
    memory.writeU8(address + SetupHeader.TYPE_OF_LOADER_OFFSET, LOADER_UNKNOWN);
    memory.writeU32(address + SetupHeader.CODE32_START_OFFSET, kernelAddress);
    memory.writeU32(address + SetupHeader.CMD_LINE_PTR_OFFSET, commandLine);
    memory.writeU64(address + SetupHeader.SETUP_DATA_OFFSET, 0);
    memory.writeU32(address + SetupHeader.RAMDISK_IMAGE_OFFSET, initrd.address());
    memory.writeU32(address + SetupHeader.RAMDISK_SIZE_OFFSET, initrd.length());
    memory.writeU32(address + EXT_RAMDISK_IMAGE_OFFSET, initrd.address() >>> 32);
    memory.writeU32(address + EXT_RAMDISK_SIZE_OFFSET, initrd.length() >>> 32);
    memory.writeU8(address + E820_ENTRIES_OFFSET, map.entries().size());
    long at = address + E820_TABLE_OFFSET;
    for (Entry entry : map.entries()) {
      memory.writeU64(at, entry.start());
      memory.writeU64(at + 8, entry.length());
      memory.writeU32(at + 16, entry.type().number());
      at += E820_ENTRY_SIZE;
    }
  }
}
