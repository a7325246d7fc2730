package javelin.boot.cli;

/** An error that the user can put right: printed as one clear message, never with a stack trace. */
public class CommandException extends RuntimeException {
  private static final long serialVersionUID = 1L;

  private final int exitCode;

  /**
   * Describes an error.
   *
   * @param exitCode what the process ends with
   * @param message the thing, the cause and the way out
   */
  public CommandException(int exitCode, String message) {
    super(message);
    this.exitCode = exitCode;
  }

  /** What the process ends with. */
  public int exitCode() {
    return exitCode;
  }
}
