package javelin.perf.exits;

import java.io.IOException;
import java.util.EnumMap;
import java.util.Map;

/**
 * Measures {@link ExitLoop}s on both sides in turn, so that what the host does meanwhile falls on
 * both, and keeps the times.
 */
final class ExitCost {
  /** Enough for the JVM to compile the exit loop, and for the C program to have its pages. */
  static final int FIRST_WARMUP = 30_000;

  private static final int ROUND_WARMUP = 1_000;

  private final Map<ExitLoop, Map<Side, ExitTimes>> times = new EnumMap<>(ExitLoop.class);
  private final CLoop program;
  private final int rounds;
  private final int perRound;

  /**
   * @param program the C side; null leaves it out
   * @param rounds how often each side has its turn
   * @param perRound exits of each turn
   */
  ExitCost(CLoop program, int rounds, int perRound) {
    this.program = program;
    this.rounds = rounds;
    this.perRound = perRound;
    for (ExitLoop loop : ExitLoop.values()) {
      Map<Side, ExitTimes> sides = new EnumMap<>(Side.class);
      for (Side side : Side.values()) {
        if (side == Side.JAVELIN || program != null) {
          sides.put(side, new ExitTimes());
        }
      }
      times.put(loop, sides);
    }
  }

  /** Runs all rounds. */
  void measure() throws IOException, InterruptedException {
    for (ExitLoop loop : ExitLoop.values()) {
      JavaLoop.run(loop, FIRST_WARMUP, 1);
    }
    for (int round = 0; round < rounds; round++) {
      for (ExitLoop loop : ExitLoop.values()) {
        boolean cFirst = round % 2 == 0;
        turn(loop, cFirst ? Side.C : Side.JAVELIN);
        turn(loop, cFirst ? Side.JAVELIN : Side.C);
      }
    }
  }

  private void turn(ExitLoop loop, Side side) throws IOException, InterruptedException {
    ExitTimes target = times.get(loop).get(side);
    if (target != null) {
      target.add(
          side == Side.C
              ? program.run(loop, ROUND_WARMUP, perRound)
              : JavaLoop.run(loop, ROUND_WARMUP, perRound));
    }
  }

  /** The times by loop and side; without the C side where there is none. */
  Map<ExitLoop, Map<Side, ExitTimes>> times() {
    return times;
  }
}
