package javelin.vmm.kvm;

import java.util.List;
import java.util.stream.Collectors;

/**
 * One of KVM's statistics and its values at one time.
 *
 * @param name the kernel's name, such as {@code "exits"}
 * @param type what kind of number it is
 * @param unit what it counts
 * @param scale the unit is multiplied by this, such as {@code 1e-9} for nanoseconds
 * @param bucketSize of a linear histogram: the width of each bucket
 * @param values one value, or a histogram's counts by bucket; unsigned
 */
public record KvmStat(
    String name, Type type, Unit unit, double scale, long bucketSize, List<Long> values) {
  /** Kinds, numbered as KVM_STATS_TYPE_x (uapi linux/kvm.h). */
  public enum Type {
    CUMULATIVE,
    INSTANT,
    PEAK,
    LINEAR_HISTOGRAM,
    LOG_HISTOGRAM,
    OTHER
  }

  /** Units, numbered as KVM_STATS_UNIT_x. */
  public enum Unit {
    NONE(""),
    BYTES("B"),
    SECONDS("s"),
    CYCLES("cycles"),
    BOOLEAN(""),
    OTHER("?");

    private final String symbol;

    Unit(String symbol) {
      this.symbol = symbol;
    }
  }

  /** The value, or a histogram's first bucket. */
  public long value() {
    return values.get(0);
  }

  /** The values with their unit; a histogram's in brackets. */
  public String text() {
    String suffix = "";
    if (unit != Unit.NONE && unit != Unit.BOOLEAN) {
      String factor = String.format(scale < 1 ? " * %.0e" : " * %.0f", scale);
      suffix = (scale == 1 ? "" : factor) + " " + unit.symbol;
    }
    if (values.size() == 1) {
      return Long.toUnsignedString(value()) + suffix;
    }
    return values.stream().map(Long::toUnsignedString).collect(Collectors.joining(" ", "[", "]"))
        + suffix;
  }
}
