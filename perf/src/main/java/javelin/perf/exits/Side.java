package javelin.perf.exits;

/** Who runs the guest. */
enum Side {
  C("C"),
  JAVELIN("Javelin");

  private final String label;

  Side(String label) {
    this.label = label;
  }

  /** The name for reports. */
  String label() {
    return label;
  }
}
