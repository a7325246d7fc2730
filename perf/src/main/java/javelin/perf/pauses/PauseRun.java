package javelin.perf.pauses;

import java.io.IOException;
import java.util.concurrent.TimeUnit;
import javelin.perf.bench.BenchRun;
import javelin.perf.model.DrivenQueue;
import javelin.perf.model.RingLayout;
import javelin.perf.result.Outcome;
import javelin.perf.result.Series;
import javelin.perf.result.Unit;
import org.HdrHistogram.Histogram;

/**
 * The same requests of a disk's queue, each timed, while the JVM around it has more and more to do:
 * nothing else; a control plane that allocates; and devices of other kinds that come to life, so
 * that what was compiled for one kind of queue has to be compiled anew for several.
 */
final class PauseRun {
  private static final long LONGEST_NANOS = TimeUnit.SECONDS.toNanos(10);

  /** Requests of the others between two of those that are timed, and for how many of these. */
  private static final int OTHERS = 64;

  private static final String ALONE = "alone";
  private static final String COLLECTING = "control plane allocates";
  private static final String STARTING = "other kinds start";
  private static final String BESIDE = "other kinds run";
  private static final int PHASES = 4;

  private final int requests;
  private final BenchRun run;
  private int phases;

  /**
   * @param requests that each phase times
   */
  PauseRun(int requests, BenchRun run) {
    this.requests = requests;
    this.run = run;
  }

  void measure() throws IOException {
    try (DrivenQueue disk = DrivenQueue.disk(RingLayout.SPLIT)) {
      time(disk); // Compiles it.
      phase(ALONE, () -> time(disk));
      try (Garbage garbage = new Garbage()) {
        phase(COLLECTING, () -> time(disk));
        run.outcome().condition("Allocated beside", garbage.bytes() + " bytes");
      }
      try (DrivenQueue entropy = DrivenQueue.entropy(RingLayout.PACKED);
          DrivenQueue other = DrivenQueue.disk(RingLayout.PACKED)) {
        phase(STARTING, () -> timeBeside(disk, entropy, other));
        phase(BESIDE, () -> timeBeside(disk, entropy, other));
      }
    }
  }

  /** Work that times requests. */
  @FunctionalInterface
  private interface Timed {
    Histogram run();
  }

  private void phase(String name, Timed work) throws IOException {
    if (run.isStopped()) {
      return;
    }
    run.progress(phases++, PHASES, name);
    // What the last phase has left is not this one's.
    System.gc();
    Histogram[] times = new Histogram[1];
    JvmEvents events = JvmEvents.during(() -> times[0] = work.run());
    Outcome outcome = run.outcome();
    outcome
        .series("request", name, Unit.NANOSECONDS)
        .add(times[0])
        .count("collections", events.pauses().length, requests)
        .count("stops of all threads", events.stops().length, requests)
        .count("deoptimizations", events.deoptimizations(), requests);
    outcome.condition(
        "Collections, stops, deoptimizations: " + name,
        events.pauses().length + ", " + events.stops().length + ", " + events.deoptimizations());
    outcome.series("pause for a collection", name, Unit.NANOSECONDS).add(events.pauses());
    outcome.series("stop of all threads", name, Unit.NANOSECONDS).add(events.stops());
    if (!name.equals(ALONE)) {
      outcome.ratio(name, ALONE);
    }
  }

  private static Histogram histogram() {
    return new Histogram(LONGEST_NANOS, Series.DIGITS);
  }

  private static void timeOne(DrivenQueue queue, Histogram times) {
    long start = System.nanoTime();
    queue.request();
    times.recordValue(Math.min(Math.max(System.nanoTime() - start, 1), LONGEST_NANOS));
  }

  private Histogram time(DrivenQueue queue) {
    Histogram times = histogram();
    for (int i = 0; i < requests; i++) {
      timeOne(queue, times);
    }
    return times;
  }

  private Histogram timeBeside(DrivenQueue queue, DrivenQueue... others) {
    Histogram times = histogram();
    for (int i = 0; i < requests; i++) {
      timeOne(queue, times);
      if (i % OTHERS == 0) {
        for (DrivenQueue other : others) {
          for (int j = 0; j < OTHERS; j++) {
            other.request();
          }
        }
      }
    }
    return times;
  }
}
