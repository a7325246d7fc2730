package javelin.passthrough.vfiouser.wire;

/**
 * The peer is gone, or is none that one can talk to: the connection is of no more use. The message
 * says what it did, and goes on from "the server" or "the client".
 */
public final class PeerException extends RuntimeException {
  private static final long serialVersionUID = 1L;

  private final boolean isClosed;

  /**
   * @param deed such as {@code "does not answer"}
   */
  public PeerException(String deed) {
    this(deed, false);
  }

  private PeerException(String deed, boolean isClosed) {
    super(deed);
    this.isClosed = isClosed;
  }

  /** It has closed the connection, and not in a message of its own. */
  static PeerException closed() {
    return new PeerException("has closed the connection", true);
  }

  /** Whether it has closed the connection, as one that is done does. */
  public boolean isClosed() {
    return isClosed;
  }
}
