package javelin.vmm.linux;

import java.util.ArrayDeque;
import java.util.Deque;

/**
 * Owner of what is opened one after the other: closes it in the reverse order, all of it, whatever
 * single parts throw. Closing twice is harmless. For one thread.
 */
public final class Resources implements AutoCloseable {
  private final Deque<AutoCloseable> opened = new ArrayDeque<>();

  /** Takes ownership of {@code resource} and returns it. */
  public <T extends AutoCloseable> T own(T resource) {
    opened.push(resource);
    return resource;
  }

  /** Closes everything because of {@code cause}, which keeps what else goes wrong. */
  public void closeAfter(Throwable cause) {
    try {
      close();
    } catch (RuntimeException e) {
      cause.addSuppressed(e);
    }
  }

  @Override
  public void close() {
    RuntimeException failure = null;
    while (!opened.isEmpty()) {
      AutoCloseable resource = opened.pop();
      try {
        resource.close();
      } catch (Exception e) {
        if (failure == null) {
          failure = e instanceof RuntimeException r ? r : new IllegalStateException(e);
        } else {
          failure.addSuppressed(e);
        }
      }
    }
    if (failure != null) {
      throw failure;
    }
  }
}
