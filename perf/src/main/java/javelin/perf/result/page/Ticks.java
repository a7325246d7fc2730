package javelin.perf.result.page;

import java.util.ArrayList;
import java.util.List;

/** The marks of a logarithmic scale: 1, 2, 5, 10 and so on, or powers of ten where it is long. */
final class Ticks {
  private static final double[] STEPS = {1, 2, 5};
  private static final double LONG = 300;

  private Ticks() {}

  /** Two marks at least, the first not above {@code least}, the last not below {@code greatest}. */
  static List<Double> around(long least, long greatest) {
    boolean coarse = (double) greatest / least > LONG;
    List<Double> ticks = new ArrayList<>();
    double power = Math.pow(10, Math.floor(Math.log10((double) least)));
    while (true) {
      for (double step : STEPS) {
        double tick = step * power;
        if (step > 1 && coarse) {
          continue;
        }
        if (tick <= least) {
          ticks.clear();
        }
        ticks.add(tick);
        if (tick >= greatest && ticks.size() > 1) {
          return ticks;
        }
      }
      power *= 10;
    }
  }
}
