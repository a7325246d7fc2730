package javelin.perf.bench;

import javelin.boot.cli.CommandException;
import javelin.boot.cli.ExitCode;

/** Javelin's launcher, by which a bench starts Javelin as its users do. */
public final class JavelinLauncher {
  /** Where the launcher tells what it starts where it is. */
  private static final String VARIABLE = "JAVELIN_LAUNCHER";

  private JavelinLauncher() {}

  /**
   * Where it is.
   *
   * @param bench the name of the one that asks
   * @throws CommandException where this process was not started by it
   */
  public static String require(String bench) {
    String launcher = System.getenv(VARIABLE);
    if (launcher == null) {
      throw new CommandException(
          ExitCode.START_ERROR, VARIABLE + " is not set: start this as ./javelin bench " + bench);
    }
    return launcher;
  }
}
