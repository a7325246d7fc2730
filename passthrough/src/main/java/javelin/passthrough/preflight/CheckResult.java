package javelin.passthrough.preflight;

import java.util.List;

/**
 * What came of a check of the host.
 *
 * @param topic what was checked, such as {@code IOMMU}
 * @param state how it is, in a few words
 * @param isTold whether the host as it is tells if it is good; not so where something else must be
 *     there first
 * @param findings what is wrong with it; empty where nothing is
 */
public record CheckResult(String topic, String state, boolean isTold, List<Finding> findings) {
  /** Keeps a copy of the list. */
  public CheckResult {
    findings = List.copyOf(findings);
  }

  static CheckResult good(String topic, String state) {
    return new CheckResult(topic, state, true, List.of());
  }

  static CheckResult untold(String topic, String state) {
    return new CheckResult(topic, state, false, List.of());
  }

  static CheckResult of(String topic, String state, List<Finding> findings) {
    return new CheckResult(topic, state, true, findings);
  }
}
