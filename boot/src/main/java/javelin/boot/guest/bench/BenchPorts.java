package javelin.boot.guest.bench;

/**
 * What {@link ExitsGuest} touches. The storage is where QEMU's pc-testdev has it as well; the rest
 * is found only where {@link #PRESENT} reads as {@link #MAGIC}.
 */
public final class BenchPorts {
  /** Reads as {@link #MAGIC}, 32 bits. */
  public static final int PRESENT = 0x5e0;

  /** "EXIT", little-endian. */
  public static final int MAGIC = 0x5449_5845;

  /**
   * Told of a case's beginning, {@code ordinal << 1}, and of its end, {@code ordinal << 1 | 1}: one
   * byte.
   */
  public static final int MARK = 0x5e4;

  /** A write has user space signal the irqfd of {@link #VECTOR_IRQFD}. */
  public static final int IRQFD = 0x5e8;

  /** A write has user space send {@link #VECTOR_MSI}. */
  public static final int MSI = 0x5ec;

  /** A one-byte write signals an eventfd that nobody waits for. */
  public static final int IDLE_DOORBELL = 0x5f0;

  /** A one-byte write signals an eventfd; who waits for it signals that of VECTOR_DOORBELL. */
  public static final int DOORBELL = 0x5f4;

  /** User space takes the time of each write. */
  public static final int TIMED = 0x5f8;

  /** Storage of 32 bits. */
  public static final int STORAGE = 0xe0;

  /** Storage of at least 32 bits, guest-physical. */
  public static final long STORAGE_MMIO = 0xff00_0000L;

  /** A write of any size signals an eventfd that nobody waits for. */
  public static final long IDLE_DOORBELL_MMIO = 0xff01_0000L;

  /** User space takes the time of each write. */
  public static final long TIMED_MMIO = 0xff02_0000L;

  /** Ends the run, as QEMU's isa-debug-exit does. */
  public static final int DEBUG_EXIT = 0xf4;

  /** Vectors of the boot processor. */
  public static final int VECTOR_IRQFD = 0x41;

  public static final int VECTOR_MSI = 0x42;
  public static final int VECTOR_DOORBELL = 0x43;

  /** Vector of the second CPU. */
  static final int VECTOR_IPI = 0x44;

  private BenchPorts() {}
}
