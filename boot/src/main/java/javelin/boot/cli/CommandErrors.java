package javelin.boot.cli;

import java.io.PrintWriter;
import picocli.CommandLine;
import picocli.CommandLine.Model.OptionSpec;

/** What a user hears of a command that fails, and the exit code for it. */
public final class CommandErrors {
  private CommandErrors() {}

  /** Has {@code line} tell its users so. */
  public static CommandLine handledBy(CommandLine line, PrintWriter err) {
    return line.setErr(err)
        .setParameterExceptionHandler((e, arguments) -> usageError(e))
        .setExecutionExceptionHandler((e, command, parsed) -> failure(e, err));
  }

  private static int usageError(CommandLine.ParameterException e) {
    CommandLine line = e.getCommandLine();
    String help = line.getCommandSpec().qualifiedName() + " --help";
    String problem = e.getMessage();
    if (e instanceof CommandLine.OverwrittenOptionException twice
        && twice.getOverwritten() instanceof OptionSpec option) {
      problem = option.longestName() + ": give it only once";
    }
    line.getErr().println("javelin: " + problem + " (see " + help + ")");
    return ExitCode.USAGE;
  }

  private static int failure(Exception e, PrintWriter err) {
    Throwable cause = e instanceof CommandLine.ExecutionException ? e.getCause() : e;
    if (cause instanceof CommandException known) {
      known.getMessage().lines().forEach(line -> err.println("javelin: " + line));
      return known.exitCode();
    }
    err.println("javelin: internal error: " + cause);
    if (System.getenv("JAVELIN_DEBUG") != null) {
      cause.printStackTrace(err);
    } else {
      err.println("javelin: JAVELIN_DEBUG=1 in the environment shows where it came from");
    }
    return ExitCode.INTERNAL_ERROR;
  }
}
