package javelin.perf.bench;

import java.util.LinkedHashSet;
import java.util.Set;
import javelin.perf.result.Outcome;

/** One run of a bench: where its figures go, and what it hears of the user. */
public final class BenchRun {
  private final Outcome outcome;
  private final Progress progress;
  private final Set<Runnable> stoppers = new LinkedHashSet<>();
  private boolean stop;

  /** A run that nobody has stopped yet. */
  public BenchRun(Outcome outcome, Progress progress) {
    this.outcome = outcome;
    this.progress = progress;
  }

  /** What has been found; for the measuring thread. */
  public Outcome outcome() {
    return outcome;
  }

  /**
   * Tells the user how far the bench is.
   *
   * @param done of {@code all}; both in rounds, or whatever else goes by evenly
   * @param doing what comes next
   */
  public void progress(int done, int all, String doing) {
    progress.show(done, all, doing);
  }

  /** Whether the user wants an end; to be asked between rounds. Any thread may call. */
  public synchronized boolean isStopped() {
    return stop;
  }

  /** The user wants an end. Any thread may call. */
  public void stop() {
    Runnable[] called;
    synchronized (this) {
      stop = true;
      called = stoppers.toArray(Runnable[]::new);
    }
    for (Runnable stopper : called) {
      stopper.run();
    }
  }

  /**
   * Has {@code stopper} called, by any thread, when the user wants an end in the middle of
   * something long, until the result is closed; at once where he does already.
   */
  public Stopping whenStopped(Runnable stopper) {
    boolean now;
    synchronized (this) {
      now = stop;
      stoppers.add(stopper);
    }
    if (now) {
      stopper.run();
    }
    return () -> {
      synchronized (this) {
        stoppers.remove(stopper);
      }
    };
  }

  /** Ends the calling of a stopper. */
  public interface Stopping extends AutoCloseable {
    @Override
    void close();
  }
}
