package javelin.boot.guest.bench;

import java.util.Set;

/**
 * What a guest that measures a device is to do.
 *
 * @param cases those to be measured, where the device has them
 * @param samples of each case
 * @param warmUp operations of each case before the first sample
 */
public record AssignPlan(Set<AssignCase> cases, int samples, int warmUp) {
  /** Copies the cases. */
  public AssignPlan {
    cases = Set.copyOf(cases);
    if (samples < 1 || warmUp < 1) {
      throw new IllegalArgumentException("at least one operation to warm up and one to measure");
    }
  }
}
