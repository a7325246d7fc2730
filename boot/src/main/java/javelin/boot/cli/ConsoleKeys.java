package javelin.boot.cli;

import javelin.devices.console.InputFilter;

/** The keys that the terminal keeps for Javelin: Ctrl-A and one more. */
final class ConsoleKeys implements InputFilter {
  /** What the keys do. The calls come from the event loop and must not wait. */
  interface Actions {
    /** Ctrl-A x. */
    void end();

    /** Ctrl-A c. */
    void showStatistics();

    /** Ctrl-A h, and any key that is none. */
    void showHelp();
  }

  /** The keys in one line. */
  static final String HELP =
      "Ctrl-A x ends the guest, Ctrl-A c shows statistics, Ctrl-A Ctrl-A sends Ctrl-A,"
          + " Ctrl-A h shows this";

  private static final int CTRL_A = 1;

  private final Actions actions;
  private boolean escaped;

  ConsoleKeys(Actions actions) {
    this.actions = actions;
  }

  @Override
  public int filter(int value) {
    if (!escaped) {
      escaped = value == CTRL_A;
      return escaped ? SWALLOW : value;
    }
    escaped = false;
    switch (value) {
      case CTRL_A -> {
        return CTRL_A;
      }
      case 'x', 'X' -> actions.end();
      case 'c', 'C' -> actions.showStatistics();
      default -> actions.showHelp();
    }
    return SWALLOW;
  }
}
