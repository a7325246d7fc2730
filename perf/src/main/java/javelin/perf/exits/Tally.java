package javelin.perf.exits;

/** What is counted outside of the guest while a case runs. */
enum Tally {
  USER_EXITS("user-exits", "exits to user space"),
  KVM_EXITS("kvm-exits", "exits"),
  KVM_WAKEUPS("kvm-wakeups", "CPU wake-ups"),
  LOOP_WAKEUPS("loop-wakeups", "event loop wake-ups"),
  HEAP_BYTES("heap-bytes", "heap bytes");

  private final String id;
  private final String label;

  Tally(String id, String label) {
    this.id = id;
    this.label = label;
  }

  /** The name that the C program gives it. */
  String id() {
    return id;
  }

  /** The name for reports. */
  String label() {
    return label;
  }
}
