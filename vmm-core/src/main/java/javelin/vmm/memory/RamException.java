package javelin.vmm.memory;

/** Guest RAM that the host cannot give; the message names the cause and the way out. */
public final class RamException extends RuntimeException {
  private static final long serialVersionUID = 1L;

  RamException(String message) {
    super(message);
  }

  RamException(String message, Throwable cause) {
    super(message, cause);
  }
}
