package javelin.boot.machine;

/** What a launch has behind it, in the order in which it gets there. */
public enum LaunchPhase {
  /** The launcher has found the JDK and what was built; the JVM starts. */
  LAUNCHER("launcher"),
  /** The JVM is up, and in Javelin's first line. */
  JVM("JVM"),
  /** The command line is understood. */
  COMMAND_LINE("command line"),
  /** Native calls can be made. */
  NATIVE("native calls bound"),
  /** KVM has been asked what it offers, and the VM has its interrupt controllers. */
  VM("VM"),
  /** Guest RAM is there. */
  MEMORY("memory"),
  /** The vCPUs are there. */
  VCPUS("vCPUs"),
  /** Every device is there. */
  DEVICES("devices"),
  /** The kernel is in guest RAM, and the boot processor before its first instruction. */
  KERNEL("kernel loaded"),
  /** The boot processor enters the guest: its first KVM_RUN. */
  ENTRY("first KVM_RUN");

  private final String label;

  LaunchPhase(String label) {
    this.label = label;
  }

  /** The phase in a word or two, for people and for programs that read the trace. */
  public String label() {
    return label;
  }
}
