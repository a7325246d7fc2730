package javelin.boot.machine;

/** A value that a machine cannot be configured with; the message starts with the option's name. */
public final class ConfigException extends RuntimeException {
  private static final long serialVersionUID = 1L;

  private final String option;

  /**
   * Describes the error.
   *
   * @param option the option as the user writes it, such as {@code "--memory"}
   * @param value the value as given; empty where the reason says it all
   * @param reason why it is not possible, and what is
   */
  public ConfigException(String option, Object value, String reason) {
    super(option + (value.toString().isEmpty() ? "" : " " + value) + ": " + reason);
    this.option = option;
  }

  /** The option as the user writes it. */
  public String option() {
    return option;
  }
}
