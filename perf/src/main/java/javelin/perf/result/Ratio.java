package javelin.perf.result;

/**
 * Two sides to be compared in every case that both have.
 *
 * @param side whose values are divided
 * @param base by whose
 */
public record Ratio(String side, String base) {
  /** The name for reports. */
  public String label() {
    return side + " / " + base;
  }
}
