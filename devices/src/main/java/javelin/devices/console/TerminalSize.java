package javelin.devices.console;

/**
 * The size of a terminal in characters, 0 to 65535 each way.
 *
 * @param columns characters in a line
 * @param rows lines
 */
public record TerminalSize(int columns, int rows) {
  /** Of what is no terminal, or does not know. */
  public static final TerminalSize UNKNOWN = new TerminalSize(0, 0);
}
