package javelin.boot.cli;

import java.lang.reflect.Proxy;

/**
 * Takes over one signal of the process until it is closed.
 *
 * <p>It uses sun.misc.Signal (module jdk.unsupported), the JVM's only interface to signals. By
 * reflection, as javac warns of that class wherever it is named, with no way to accept it.
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

  private final Class<?> signalClass;
  private final Class<?> handlerClass;
  private final Object signal;
  private final Object before;

  /**
   * Takes the signal over.
   *
   * @param name without SIG, such as {@code "TERM"}
   */
  public SignalHook(String name, Handler handler) {
    try {
      signalClass = Class.forName("sun.misc.Signal");
      handlerClass = Class.forName("sun.misc.SignalHandler");
      signal = signalClass.getConstructor(String.class).newInstance(name);
      int number = (int) signalClass.getMethod("getNumber").invoke(signal);
      Object proxy =
          Proxy.newProxyInstance(
              SignalHook.class.getClassLoader(),
              new Class<?>[] {handlerClass},
              (self, method, arguments) -> {
                if (method.getName().equals("handle")) {
                  handler.received("SIG" + name, number);
                }
                return null;
              });
      before = handle(proxy);
    } catch (ReflectiveOperationException e) {
      throw new LinkageError("This Java runtime has no sun.misc.Signal", e);
    }
  }

  private Object handle(Object handler) throws ReflectiveOperationException {
    return signalClass.getMethod("handle", signalClass, handlerClass).invoke(null, signal, handler);
  }

  /** Gives the signal back to who had it before. */
  @Override
  public void close() {
    try {
      handle(before);
    } catch (ReflectiveOperationException e) {
      throw new LinkageError("sun.misc.Signal", e);
    }
  }
}
