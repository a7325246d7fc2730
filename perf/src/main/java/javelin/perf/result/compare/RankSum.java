package javelin.perf.result.compare;

/**
 * The rank-sum test of Mann and Whitney, exact: how likely it is that two samples from one and the
 * same distribution differ in their ranks as much as these do. It asks nothing of the distribution,
 * so that outliers, which shared machines have plenty of, do no harm.
 */
final class RankSum {
  private RankSum() {}

  /**
   * The probability, two-sided; values that are equal count half for each side.
   *
   * @return 1 where a sample is empty
   */
  static double probability(long[] a, long[] b) {
    if (a.length == 0 || b.length == 0) {
      return 1;
    }
    double u = 0;
    for (long x : a) {
      for (long y : b) {
        u += x > y ? 1 : x == y ? 0.5 : 0;
      }
    }
    double[] ways = ways(a.length, b.length);
    int extreme = (int) Math.floor(Math.min(u, (double) a.length * b.length - u));
    double tail = 0;
    double all = 0;
    for (int i = 0; i < ways.length; i++) {
      all += ways[i];
      tail += i <= extreme ? ways[i] : 0;
    }
    return Math.min(1, 2 * tail / all);
  }

  /**
   * For each u from 0 to m * n, in how many orders of m and n distinct values that many pairs have
   * the greater one from the first sample: the greatest value of all is of the first sample and
   * beats all n, or of the second and beats none.
   */
  private static double[] ways(int m, int n) {
    double[][] ways = new double[n + 1][];
    for (int j = 0; j <= n; j++) {
      ways[j] = new double[m * n + 1];
      ways[j][0] = 1;
    }
    for (int i = 1; i <= m; i++) {
      double[][] next = new double[n + 1][m * n + 1];
      next[0][0] = 1;
      for (int j = 1; j <= n; j++) {
        for (int u = 0; u <= i * j; u++) {
          next[j][u] = next[j - 1][u] + (u >= j ? ways[j][u - j] : 0);
        }
      }
      ways = next;
    }
    return ways[n];
  }
}
