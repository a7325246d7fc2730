package javelin.boot.kernel;

import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;

/**
 * The setup header of a bzImage (Documentation/arch/x86/boot.rst), checked: protocol 2.12 or newer,
 * with a 64-bit entry point, whole file.
 *
 * <pre>
 *  0x1f1 setup_sects u8    0x211 loadflags u8        0x230 kernel_alignment u32
 *  0x1f4 syssize u32       0x214 code32_start u32    0x234 relocatable_kernel u8
 *  0x1fa vid_mode u16      0x218 ramdisk_image u32   0x236 xloadflags u16
 *  0x1fe boot_flag u16     0x21c ramdisk_size u32    0x238 cmdline_size u32
 *  0x200 jump u16          0x228 cmd_line_ptr u32    0x250 setup_data u64
 *  0x202 header u32        0x22c initrd_addr_max u32 0x258 pref_address u64
 *  0x206 version u16       0x20e kernel_version u16  0x260 init_size u32
 * </pre>
 *
 * @param image the first sectors of the file
 * @param setupSize bytes of the file before the protected-mode kernel
 */
record SetupHeader(ByteBuffer image, int setupSize) {
  static final int START = 0x1f1;
  static final int SYSSIZE_OFFSET = 0x1f4;
  static final int VID_MODE_OFFSET = 0x1fa;
  static final int BOOT_FLAG_OFFSET = 0x1fe;
  static final int JUMP_DISTANCE_OFFSET = 0x201;
  static final int HEADER_OFFSET = 0x202;
  static final int VERSION_OFFSET = 0x206;
  static final int KERNEL_VERSION_OFFSET = 0x20e;
  static final int TYPE_OF_LOADER_OFFSET = 0x210;
  static final int LOADFLAGS_OFFSET = 0x211;
  static final int CODE32_START_OFFSET = 0x214;
  static final int RAMDISK_IMAGE_OFFSET = 0x218;
  static final int RAMDISK_SIZE_OFFSET = 0x21c;
  static final int CMD_LINE_PTR_OFFSET = 0x228;
  static final int INITRD_ADDR_MAX_OFFSET = 0x22c;
  static final int KERNEL_ALIGNMENT_OFFSET = 0x230;
  static final int RELOCATABLE_KERNEL_OFFSET = 0x234;
  static final int XLOADFLAGS_OFFSET = 0x236;
  static final int CMDLINE_SIZE_OFFSET = 0x238;
  static final int SETUP_DATA_OFFSET = 0x250;
  static final int PREF_ADDRESS_OFFSET = 0x258;
  static final int INIT_SIZE_OFFSET = 0x260;

  static final int BOOT_FLAG = 0xaa55;

  /** "HdrS". */
  static final int HEADER_MAGIC = 0x5372_6448;

  static final int VERSION_2_12 = 0x20c;
  static final int LOADED_HIGH = 1;
  static final int XLF_KERNEL_64 = 1;
  static final int XLF_CAN_BE_LOADED_ABOVE_4G = 2;

  private static final int MINIMAL_END = 0x264;
  private static final int MAXIMAL_END = 0x290;
  private static final int SECTOR = 512;
  private static final int PARAGRAPH = 16;
  private static final int OLD_SETUP_SECTS = 4;
  private static final int MAX_VERSION_TEXT = 64;

  /** Whether a file starts as a Linux kernel for x86 does. */
  static boolean isLinux(ByteBuffer head) {
    return head.limit() >= VERSION_OFFSET + Short.BYTES
        && head.getChar(BOOT_FLAG_OFFSET) == BOOT_FLAG
        && head.getInt(HEADER_OFFSET) == HEADER_MAGIC;
  }

  /**
   * Parses and checks.
   *
   * @throws KernelLoadException where Javelin cannot start it, with the reason
   */
  static SetupHeader parse(Content file) {
    int sectors = file.read("the boot sector", 0, SECTOR).get(START) & 0xff;
    int setupSize = (1 + (sectors == 0 ? OLD_SETUP_SECTS : sectors)) * SECTOR;
    SetupHeader header = new SetupHeader(file.read("the setup code", 0, setupSize), setupSize);
    header.check(file);
    return header;
  }

  private void check(Content file) {
    int version = image.getChar(VERSION_OFFSET);
    if (version < VERSION_2_12) {
      throw file.error(
          "Linux boot protocol %d.%02d is too old, 2.12 or newer is needed (Linux 3.8 and later)",
          version >> 8, version & 0xff);
    }
    if (end() < MINIMAL_END) {
      throw file.error("a bad setup header: it ends at 0x%x, before init_size", end());
    }
    if ((loadFlags() & LOADED_HIGH) == 0) {
      throw file.error("a zImage, which is loaded below 640 KiB; build a bzImage");
    }
    if ((xloadFlags() & XLF_KERNEL_64) == 0) {
      throw file.error("a 32-bit kernel, it has no 64-bit entry point; use one for x86-64");
    }
    file.require(
        "the kernel behind the setup code",
        setupSize,
        Integer.toUnsignedLong(image.getInt(SYSSIZE_OFFSET)) * PARAGRAPH);
    if (file.size() == setupSize) {
      throw file.error("truncated: there is nothing behind the setup code; copy or build it again");
    }
    if (Long.bitCount(alignment()) != 1) {
      throw file.error("a bad setup header: kernel_alignment 0x%x", alignment());
    }
  }

  /** Where the header ends, at the latest at the end of its room in the zero page. */
  int end() {
    return Math.min(HEADER_OFFSET + (image.get(JUMP_DISTANCE_OFFSET) & 0xff), MAXIMAL_END);
  }

  private int loadFlags() {
    return image.get(LOADFLAGS_OFFSET);
  }

  private int xloadFlags() {
    return image.getChar(XLOADFLAGS_OFFSET);
  }

  /** Whether the initial RAM disk may be anywhere in RAM. */
  boolean initrdAnywhere() {
    return (xloadFlags() & XLF_CAN_BE_LOADED_ABOVE_4G) != 0;
  }

  private long alignment() {
    return u32(KERNEL_ALIGNMENT_OFFSET);
  }

  /**
   * Where the kernel is loaded: the address that it prefers. A relocatable one may go elsewhere,
   * but gains nothing below: it moves itself up there. One that prefers none goes to 1 MiB.
   */
  long loadAddress() {
    long preferred = image.getLong(PREF_ADDRESS_OFFSET);
    if (image.get(RELOCATABLE_KERNEL_OFFSET) == 0) {
      return preferred;
    }
    long lowest = Math.max(preferred, MemoryMap.EXTENDED_START);
    return (lowest + alignment() - 1) & -alignment();
  }

  /** Bytes from the load address that the kernel uses before it reads the memory map. */
  long initSize() {
    return u32(INIT_SIZE_OFFSET);
  }

  /** Highest address of the initial RAM disk's last byte. */
  long initrdAddressMaximum() {
    return u32(INITRD_ADDR_MAX_OFFSET);
  }

  /** Longest command line in bytes, without its zero byte. */
  long commandLineMaximum() {
    return u32(CMDLINE_SIZE_OFFSET);
  }

  /** The kernel's release, such as {@code 6.1.0-13-amd64}; empty where it says none. */
  String release() {
    int offset = image.getChar(KERNEL_VERSION_OFFSET);
    StringBuilder text = new StringBuilder();
    if (offset != 0) {
      int end = Math.min(setupSize, offset + SECTOR + MAX_VERSION_TEXT);
      for (int i = offset + SECTOR; i < end && image.get(i) > ' ' && image.get(i) < 0x7f; i++) {
        text.append(new String(new byte[] {image.get(i)}, StandardCharsets.US_ASCII));
      }
    }
    return text.toString();
  }

  private long u32(int offset) {
    return Integer.toUnsignedLong(image.getInt(offset));
  }
}
