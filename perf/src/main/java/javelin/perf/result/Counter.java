package javelin.perf.result;

/**
 * Something counted beside a series.
 *
 * @param name what is counted, with its unit where it has one: {@code exits to user space}
 * @param total how much of it there was
 * @param operations over how many operations
 */
public record Counter(String name, long total, long operations) {
  /** Refuses counts that no figure can be made of. */
  public Counter {
    if (operations <= 0) {
      throw new IllegalArgumentException(name + ": counted over " + operations + " operations");
    }
  }

  /** How much for each operation. */
  public double perOperation() {
    return (double) total / operations;
  }

  /** Both together, as if counted in one go. */
  Counter plus(Counter other) {
    return new Counter(name, total + other.total, operations + other.operations);
  }
}
