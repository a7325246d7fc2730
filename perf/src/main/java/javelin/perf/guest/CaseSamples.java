package javelin.perf.guest;

import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.Optional;

/**
 * What a guest says of one case: samples and figures, or why there are none.
 *
 * <p>Not for concurrent use.
 */
public final class CaseSamples {
  private final String name;
  private final String reason;
  private final Map<String, Long> counts = new LinkedHashMap<>();
  private long[] ticks = new long[64];
  private int size;

  private CaseSamples(String name, String reason) {
    this.name = name;
    this.reason = reason;
  }

  static CaseSamples measured(String name) {
    return new CaseSamples(name, null);
  }

  static CaseSamples skipped(String name, String reason) {
    return new CaseSamples(name, reason);
  }

  void add(long value) {
    if (size == ticks.length) {
      ticks = Arrays.copyOf(ticks, 2 * size);
    }
    ticks[size++] = value;
  }

  Map<String, Long> writableCounts() {
    return counts;
  }

  /** The guest's name of the case. */
  public String name() {
    return name;
  }

  /** Why the case was not measured; empty where it was. */
  public Optional<String> skipped() {
    return Optional.ofNullable(reason);
  }

  /** Ticks of the guest's time stamp counter, in the order of measuring; perhaps negative. */
  public long[] ticks() {
    return Arrays.copyOf(ticks, size);
  }

  /** Number of samples. */
  public int size() {
    return size;
  }

  /** The guest's figures by name, in its order. */
  public Map<String, Long> counts() {
    return Map.copyOf(counts);
  }
}
