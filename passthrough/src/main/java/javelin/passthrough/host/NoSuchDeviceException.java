package javelin.passthrough.host;

/** The host has no PCI function at an address; the message says what there is near it. */
public final class NoSuchDeviceException extends RuntimeException {
  private static final long serialVersionUID = 1L;

  NoSuchDeviceException(String message) {
    super(message);
  }
}
