package javelin.boot.lab;

/** The lab cannot start, or ended before its command did; the message says why and what to do. */
public final class LabException extends RuntimeException {
  private static final long serialVersionUID = 1L;

  /** Describes the thing, the cause and the way out. */
  public LabException(String message) {
    super(message);
  }

  /** Describes the thing, the cause and the way out, with the exception behind it. */
  public LabException(String message, Throwable cause) {
    super(message, cause);
  }
}
