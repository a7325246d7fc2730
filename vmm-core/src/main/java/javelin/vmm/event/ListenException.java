package javelin.vmm.event;

/** A socket that cannot be listened at: the message names it, says why and what to do. */
public final class ListenException extends RuntimeException {
  private static final long serialVersionUID = 1L;

  ListenException(String message) {
    super(message);
  }
}
