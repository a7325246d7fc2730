package javelin.devices.virtio.blk.nbd;

/** Why an export of a server cannot be used: the cause, and the way out where there is one. */
public final class NbdException extends RuntimeException {
  private static final long serialVersionUID = 1L;

  NbdException(String message) {
    super(message);
  }
}
