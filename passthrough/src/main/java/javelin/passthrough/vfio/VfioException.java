package javelin.passthrough.vfio;

/** Why a device cannot be assigned, or no longer: the thing, the cause and the way out. */
public final class VfioException extends RuntimeException {
  private static final long serialVersionUID = 1L;

  /** An error that the user can put right. */
  public VfioException(String message) {
    super(message);
  }

  /** Likewise, with what led to it. */
  public VfioException(String message, Throwable cause) {
    super(message, cause);
  }
}
