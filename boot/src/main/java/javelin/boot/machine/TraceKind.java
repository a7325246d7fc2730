package javelin.boot.machine;

/** What is written to standard error as it happens. */
public enum TraceKind {
  /** Every exit from the guest. */
  EXITS,
  /** Each access to memory-mapped I/O: address, width, value. */
  MMIO,
  /** Each access to an I/O port: port, width, value. */
  PIO,
  /** Each interrupt that a device raises. */
  IRQ,
  /** Each call to VFIO for an assigned device, but for accesses to its registers. */
  VFIO,
  /** Each trapped access to a register of an assigned device, and how long it took. */
  BAR,
  /** Each phase of the launch, from the process's start to the guest's first instruction. */
  LAUNCH
}
