package javelin.devices.virtio.vhostuser;

/** A back end that does not do what it is told, or is gone: the message says what went wrong. */
public final class VhostUserException extends RuntimeException {
  private static final long serialVersionUID = 1L;

  VhostUserException(String message) {
    super(message);
  }
}
