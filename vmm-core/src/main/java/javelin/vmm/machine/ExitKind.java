package javelin.vmm.machine;

/** Why a vCPU came back from the guest, as statistics count it. */
public enum ExitKind {
  PORT_IN("port-in", "reads of I/O ports"),
  PORT_OUT("port-out", "writes to I/O ports"),
  MMIO_READ("mmio-read", "reads of MMIO addresses"),
  MMIO_WRITE("mmio-write", "writes to MMIO addresses"),
  INTERRUPTED("interrupted", "returns without an exit: kicks, signals, a starting processor"),
  HALT("halt", "halts, where KVM leaves them to user space"),
  DEBUG("debug", "single steps and breakpoints"),
  OTHER("other", "all other exits");

  private final String label;
  private final String doc;

  ExitKind(String label, String doc) {
    this.label = label;
    this.doc = doc;
  }

  /** The name for reports. */
  public String label() {
    return label;
  }

  /** What it counts, in a few words. */
  public String doc() {
    return doc;
  }
}
