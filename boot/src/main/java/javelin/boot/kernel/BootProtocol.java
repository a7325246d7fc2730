package javelin.boot.kernel;

/** How a kernel file is started. */
public enum BootProtocol {
  /** As the file's header says: bzImage, ELF (PVH note or 64-bit entry), Multiboot. */
  AUTO,
  /** The Linux 64-bit boot protocol (Documentation/arch/x86/boot.rst), bzImage or ELF. */
  LINUX,
  /** The PVH entry of an ELF file: 32-bit protected mode (Xen's x86/HVM direct boot ABI). */
  PVH,
  /** Multiboot 1: 32-bit protected mode. */
  MULTIBOOT
}
