package javelin.boot.kernel;

/** A kernel that cannot be started as asked; the message names what, the cause and the way out. */
public final class KernelLoadException extends RuntimeException {
  private static final long serialVersionUID = 1L;

  KernelLoadException(String subject, String reason) {
    super(subject + ": " + reason);
  }
}
