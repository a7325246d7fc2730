package javelin.perf.result.compare;

import java.util.List;
import javelin.perf.result.Round;
import javelin.perf.result.Series;

/**
 * One figure of a series in two outcomes.
 *
 * @param before the median of the rounds' values in the first
 * @param after in the second
 * @param verdict what that means
 */
public record Change(double before, double after, Verdict verdict) {
  /** What a difference means. */
  public enum Verdict {
    /** Better, beyond noise. */
    BETTER("better"),
    /** Worse, beyond noise. */
    WORSE("worse"),
    /** No difference, or one that noise can explain. */
    SAME("no change beyond noise"),
    /** One of them has too few rounds for any difference to mean something. */
    TOO_FEW_ROUNDS("too few rounds to tell");

    private final String words;

    Verdict(String words) {
      this.words = words;
    }

    /** For reports. */
    public String words() {
      return words;
    }
  }

  /** Fewer rounds on each side cannot give a probability below {@link #CHANCE}. */
  static final int LEAST_ROUNDS = 5;

  /** How often noise alone may be taken for a change. */
  private static final double CHANCE = 0.01;

  /** What is smaller matters to nobody. */
  private static final double LEAST_SHARE = 0.02;

  /** The figures that rounds keep. */
  enum Figure {
    P50("p50", 1) {
      @Override
      long of(Round round) {
        return round.p50();
      }
    },
    P99("p99", 100) {
      @Override
      long of(Round round) {
        return round.p99();
      }
    };

    private final String label;
    private final int leastSamples;

    Figure(String label, int leastSamples) {
      this.label = label;
      this.leastSamples = leastSamples;
    }

    /** Whether the rounds have samples enough for it. */
    boolean isIn(Series series) {
      return series.rounds().stream().allMatch(round -> round.n() >= leastSamples);
    }

    String label() {
      return label;
    }

    abstract long of(Round round);
  }

  /** {@code after} by {@code before}. */
  public double ratio() {
    return before == 0 ? after == 0 ? 1 : Double.POSITIVE_INFINITY : after / before;
  }

  static Change of(Series first, Series second, Figure figure) {
    long[] a = values(first.rounds(), figure);
    long[] b = values(second.rounds(), figure);
    double before = median(a);
    double after = median(b);
    return new Change(before, after, verdict(a, b, first.unit().moreIsBetter(), before, after));
  }

  private static long[] values(List<Round> rounds, Figure figure) {
    return rounds.stream().mapToLong(figure::of).sorted().toArray();
  }

  private static double median(long[] sorted) {
    int middle = sorted.length / 2;
    return sorted.length % 2 == 1 ? sorted[middle] : (sorted[middle - 1] + sorted[middle]) / 2.0;
  }

  private static Verdict verdict(
      long[] a, long[] b, boolean moreIsBetter, double before, double after) {
    if (Math.min(a.length, b.length) < LEAST_ROUNDS) {
      return Verdict.TOO_FEW_ROUNDS;
    }
    boolean small = Math.abs(after - before) < LEAST_SHARE * before;
    if (small || RankSum.probability(a, b) >= CHANCE) {
      return Verdict.SAME;
    }
    return after > before == moreIsBetter ? Verdict.BETTER : Verdict.WORSE;
  }
}
