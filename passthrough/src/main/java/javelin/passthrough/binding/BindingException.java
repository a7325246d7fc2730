package javelin.passthrough.binding;

/** A device that cannot be taken or given back: the device, the cause and the way out. */
public class BindingException extends RuntimeException {
  private static final long serialVersionUID = 1L;

  /** Describes what stands against it. */
  public BindingException(String message) {
    super(message);
  }

  /** Describes what stands against it, and what told so. */
  public BindingException(String message, Throwable cause) {
    super(message, cause);
  }
}
