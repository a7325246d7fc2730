package javelin.passthrough.binding;

/**
 * The kernel has not come back from a change within its time. The change is still under way and may
 * hold the device's lock, so nothing more can be done to the device until it is through.
 */
public final class BlockedException extends BindingException {
  private static final long serialVersionUID = 1L;

  /** Describes what is blocked, and where. */
  public BlockedException(String message) {
    super(message);
  }
}
