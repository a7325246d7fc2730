package javelin.perf.result;

import java.util.Locale;

/** What the values of a series are, and which of them are good. */
public enum Unit {
  /** Time, in nanoseconds. */
  NANOSECONDS("ns", 1000, false, "ns µs ms s"),
  /** Memory, in bytes. */
  BYTES("B", 1024, false, "B KiB MiB GiB"),
  /** Throughput, in bytes per second. */
  BYTES_PER_SECOND("B/s", 1024, true, "B/s KiB/s MiB/s GiB/s"),
  /** Throughput, in operations per second. */
  OPERATIONS_PER_SECOND("1/s", 1000, true, "/s k/s M/s G/s");

  private static final int WHOLE_FROM = 100;
  private static final int ONE_PLACE_FROM = 10;

  private final String symbol;
  private final int step;
  private final boolean moreIsBetter;

  /** The larger units too, ascending, with blanks between them. */
  private final String scales;

  Unit(String symbol, int step, boolean moreIsBetter, String scales) {
    this.symbol = symbol;
    this.step = step;
    this.moreIsBetter = moreIsBetter;
    this.scales = scales;
  }

  /** The unit of the values themselves. */
  public String symbol() {
    return symbol;
  }

  /** Whether a greater value is the better one. */
  public boolean moreIsBetter() {
    return moreIsBetter;
  }

  /** The unit with that symbol. */
  static Unit of(String symbol) {
    for (Unit unit : values()) {
      if (unit.symbol.equals(symbol)) {
        return unit;
      }
    }
    throw new IllegalArgumentException("unknown unit " + symbol);
  }

  /** A value in the largest unit in which it is at least 1, with three digits: {@code 8.31 µs}. */
  public String format(double value) {
    String[] units = scales.split(" ", -1);
    double scaled = value;
    int scale = 0;
    while (Math.abs(scaled) >= step && scale + 1 < units.length) {
      scaled /= step;
      scale++;
    }
    boolean whole = scale == 0 && scaled == Math.rint(scaled);
    int places =
        whole || Math.abs(scaled) >= WHOLE_FROM ? 0 : Math.abs(scaled) >= ONE_PLACE_FROM ? 1 : 2;
    return String.format(Locale.ROOT, "%." + places + "f %s", scaled, units[scale]);
  }
}
