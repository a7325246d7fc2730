package javelin.boot.guest.bench;

/** What {@link ExitsGuest} measures, in its order. */
public enum ExitCase {
  RDTSC("rdtsc", "reading the counter twice, which is in every figure below"),
  CPUID("cpuid", "cpuid, answered by the kernel"),
  PORT_WRITE("port-write", "out of one byte, answered in user space"),
  PORT_READ("port-read", "in of one byte, answered in user space"),
  MMIO_WRITE("mmio-write", "a 32-bit store, answered in user space"),
  MMIO_READ("mmio-read", "a 32-bit load, answered in user space"),
  IOEVENTFD_PORT("ioeventfd-port", "out that signals an eventfd, which nobody waits for"),
  IOEVENTFD_MMIO("ioeventfd-mmio", "a store that signals an eventfd, which nobody waits for"),
  IRQFD("irqfd", "out, which user space answers by an irqfd, to the handler"),
  MSI("msi", "out, which user space answers by an MSI, to the handler"),
  DOORBELL_IRQ("doorbell-irq", "ioeventfd, another thread, irqfd, to the handler"),
  IPI_RUNNING("ipi-running", "an interrupt to a CPU that runs, to its handler there"),
  IPI_HALTED("ipi-halted", "an interrupt to a CPU that has halted, to its handler there"),
  HOST_PORT_WRITE("host-port-write", "from one exit of out to the next, seen from outside"),
  HOST_MMIO_WRITE("host-mmio-write", "from one exit of a store to the next, seen from outside");

  private final String id;
  private final String text;

  ExitCase(String id, String text) {
    this.id = id;
    this.text = text;
  }

  /** The name in the guest's text. */
  public String id() {
    return id;
  }

  /** What it is, in a few words. */
  public String text() {
    return text;
  }

  /** Whether the time is taken outside of the guest, which has no samples then. */
  public boolean isTimedOutside() {
    return this == HOST_PORT_WRITE || this == HOST_MMIO_WRITE;
  }

  /** Whether each operation has the second CPU halted for a while first. */
  public boolean isSlow() {
    return this == IPI_HALTED;
  }
}
