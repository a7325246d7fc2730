package javelin.boot.cli;

import sun.misc.Signal;
import sun.misc.SignalHandler;

/**
 * Takes over one signal of the process until it is closed.
 *
 * <p>It uses sun.misc.Signal (module jdk.unsupported), the JVM's only interface to signals. By
 * name, not by reflection: a proxy for its handler would be made up at each start.
 */
public final class SignalHook implements AutoCloseable {
  /** Hears of signals, each on a thread of its own. */
  public interface Handler {
    /**
     * A signal came.
     *
     * @param name such as {@code "SIGTERM"}
     * @param number such as 15
     */
    void received(String name, int number);
  }

  private final Signal signal;
  private final SignalHandler before;

  /**
   * Takes the signal over.
   *
   * @param name without SIG, such as {@code "TERM"}
   */
  public SignalHook(String name, Handler handler) {
    signal = new Signal(name);
    before = Signal.handle(signal, it -> handler.received("SIG" + name, it.getNumber()));
  }

  /** Gives the signal back to who had it before. */
  @Override
  public void close() {
    Signal.handle(signal, before);
  }
}
