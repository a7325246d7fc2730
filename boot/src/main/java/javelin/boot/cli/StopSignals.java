package javelin.boot.cli;

import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.function.Consumer;

/**
 * SIGINT, SIGTERM and SIGHUP while a guest runs: the first one presses the guest's power button and
 * gives it some time, the second, or the end of that time, stops the guest. So the JVM's own
 * handlers do not end the process in the middle.
 */
final class StopSignals implements AutoCloseable {
  /** What the signals act on. Calls come from signal and timer threads. */
  interface Target {
    /** Presses the power button; returns whether the guest listens to it. */
    boolean pressPowerButton();

    /** Stops the guest; {@code by} names who asks. */
    void stop(String by);
  }

  /** How long a guest may take to power off. */
  static final Duration GRACE = Duration.ofSeconds(5);

  private static final List<String> NAMES = List.of("INT", "TERM", "HUP");

  private final Target target;
  private final Duration grace;
  private final Consumer<String> messages;
  private final List<SignalHook> hooks = new ArrayList<>();
  private int first;
  private boolean closed;

  /**
   * Takes the signals over until {@link #close}.
   *
   * @param messages hears what a signal leads to
   */
  StopSignals(Target target, Duration grace, Consumer<String> messages) {
    this.target = target;
    this.grace = grace;
    this.messages = messages;
    for (String name : NAMES) {
      hooks.add(new SignalHook(name, this::received));
    }
  }

  private synchronized void received(String name, int number) {
    if (first != 0) {
      target.stop(name);
      return;
    }
    first = number;
    if (closed) {
      return;
    }
    if (!target.pressPowerButton()) {
      messages.accept(name + ": the guest does not listen to its power button; stopping it");
      target.stop(name);
      return;
    }
    messages.accept(name + ": the guest is asked to power off; once more stops it at once");
    Thread timer = new Thread(() -> stopAfterGrace(name), "power-off-grace");
    timer.setDaemon(true);
    timer.start();
  }

  private synchronized void stopAfterGrace(String name) {
    long deadline = System.nanoTime() + grace.toNanos();
    try {
      while (!closed) {
        long left = Duration.ofNanos(deadline - System.nanoTime()).toMillis();
        if (left <= 0) {
          target.stop(name);
          return;
        }
        wait(left);
      }
    } catch (InterruptedException e) {
      target.stop(name);
    }
  }

  /** The number of the first signal that came, or 0. */
  synchronized int received() {
    return first;
  }

  /** Gives the signals back to whom they had before. */
  @Override
  public void close() {
    synchronized (this) {
      closed = true;
      notifyAll();
    }
    hooks.forEach(SignalHook::close);
  }
}
