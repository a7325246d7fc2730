package javelin.boot.kernel;

/**
 * How the boot CPU starts. Everything that the addresses point at is in guest RAM already.
 *
 * <p>Registers that are not named are 0, RFLAGS is 2 (interrupts off) and the IDT is empty. The
 * code segment is readable and executable, the data segment (DS, ES, SS; FS and GS too) writable,
 * each with base 0, limit 4 GiB and privilege level 0; TR is a busy 32-bit TSS (in long mode: a
 * busy 64-bit TSS) with base 0 and limit 0x67. The GDT in guest RAM has the same descriptors.
 *
 * @param mode the CPU mode
 * @param rip first instruction, a guest-physical address
 * @param rax RAX (Multiboot: the magic number)
 * @param rbx RBX (Multiboot: the information structure; PVH: the start information)
 * @param rsi RSI (Linux: the zero page)
 * @param cr3 top page table of an identity mapping of the low 4 GiB; 0 in 32-bit mode
 * @param gdtBase guest-physical address of the GDT
 * @param gdtLimit its size in bytes, less 1
 * @param description the kernel in a few words, for people
 */
public record BootState(
    Mode mode,
    long rip,
    long rax,
    long rbx,
    long rsi,
    long cr3,
    long gdtBase,
    int gdtLimit,
    String description) {
  /** Selector of the code segment: __BOOT_CS of the Linux boot protocol. */
  public static final int CODE_SELECTOR = 0x10;

  /** Selector of the data segments: __BOOT_DS of the Linux boot protocol. */
  public static final int DATA_SELECTOR = 0x18;

  /** Selector of the task state segment. */
  public static final int TASK_SELECTOR = 0x20;

  /** CPU modes that kernels are started in. */
  public enum Mode {
    /** Long mode: CR0 has PE and PG, CR4 has PAE, EFER has LME and LMA, CS.L is set, CS.D not. */
    LONG_64,
    /** Protected mode without paging: CR0 has PE, CR4 and EFER are 0, CS.D is set. */
    PROTECTED_32
  }
}
