package javelin.perf.result;

import java.util.ArrayList;
import java.util.Collection;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.HdrHistogram.Histogram;

/**
 * The samples of one case on one side, over all rounds. For one thread; what is measured on a hot
 * path is recorded there, and added here afterwards.
 */
public final class Series {
  /** Value digits that are kept. */
  public static final int DIGITS = 3;

  private final String name;
  private final String side;
  private final Unit unit;
  private final boolean corrected;
  private final Histogram all;
  private final List<Round> rounds = new ArrayList<>();
  private final Map<String, Counter> counters = new LinkedHashMap<>();

  /**
   * A series without samples.
   *
   * @param name the case, such as {@code port write}
   * @param side who did it, such as {@code Javelin}
   * @param corrected whether the samples were taken against a schedule, so that what waited behind
   *     a slow one counts as well (coordinated omission)
   */
  Series(String name, String side, Unit unit, boolean corrected) {
    this(name, side, unit, corrected, new Histogram(DIGITS));
  }

  /** As above, with the samples that {@code all} holds. */
  Series(String name, String side, Unit unit, boolean corrected, Histogram all) {
    this.name = name;
    this.side = side;
    this.unit = unit;
    this.corrected = corrected;
    this.all = all;
  }

  /** Adds a round; negative values count as 0. A round without samples is none. */
  public Series add(long... values) {
    Histogram round = new Histogram(DIGITS);
    for (long value : values) {
      round.recordValue(Math.max(value, 0));
    }
    return add(round);
  }

  /** Adds a round; one without samples is none. */
  public Series add(Histogram round) {
    if (round.getTotalCount() > 0) {
      all.add(round);
      rounds.add(Round.of(round));
    }
    return this;
  }

  /** Adds what was counted in a round. */
  public Series count(String what, long total, long operations) {
    counters.merge(what, new Counter(what, total, operations), Counter::plus);
    return this;
  }

  /** Adds the figures of a round whose samples are there already. */
  void addKept(Round round) {
    rounds.add(round);
  }

  /** The case. */
  public String name() {
    return name;
  }

  /** Who did it. */
  public String side() {
    return side;
  }

  /** The unit of all values. */
  public Unit unit() {
    return unit;
  }

  /** Whether samples were taken against a schedule. */
  public boolean corrected() {
    return corrected;
  }

  /** How many samples there are. */
  public long n() {
    return all.getTotalCount();
  }

  /** The value that {@code percentile} per cent of the samples stay within; 0 is the least. */
  public long at(double percentile) {
    return percentile == 0 ? all.getMinValue() : all.getValueAtPercentile(percentile);
  }

  /** All samples; to be read only. */
  public Histogram histogram() {
    return all;
  }

  /** The rounds, in order. */
  public List<Round> rounds() {
    return List.copyOf(rounds);
  }

  /** What was counted, in the order of its first appearance. */
  public Collection<Counter> counters() {
    return List.copyOf(counters.values());
  }
}
