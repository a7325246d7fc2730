package javelin.devices.console;

/** A back end that cannot be opened: the message says why and what to do. */
public final class BackendException extends RuntimeException {
  private static final long serialVersionUID = 1L;

  /** With one sentence for the user. */
  public BackendException(String message) {
    super(message);
  }

  /** With one sentence for the user, and what led to it. */
  public BackendException(String message, Throwable cause) {
    super(message, cause);
  }
}
