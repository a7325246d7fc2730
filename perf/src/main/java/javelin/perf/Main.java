package javelin.perf;

import java.io.PrintStream;
import java.io.PrintWriter;
import java.nio.charset.StandardCharsets;
import java.util.LinkedHashMap;
import java.util.Map;
import javelin.boot.cli.Command;
import javelin.boot.cli.CommandErrors;
import javelin.boot.cli.ExitCode;
import javelin.perf.boot.BootCommand;
import javelin.perf.exits.ExitsCommand;
import javelin.perf.micro.MicroCommand;
import picocli.CommandLine;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Model.OptionSpec;
import picocli.CommandLine.ParseResult;

/** The command {@code javelin perf}, with a class path of its own behind it. */
public final class Main {

  private Main() {}

  /** Runs the measurement that the arguments name and ends with its exit code. */
  public static void main(String[] args) {
    System.exit(run(args, writer(System.out), writer(System.err)));
  }

  private static PrintWriter writer(PrintStream stream) {
    return new PrintWriter(stream, true, StandardCharsets.UTF_8);
  }

  /** Runs the measurement that the arguments name; returns the exit code. */
  static int run(String[] args, PrintWriter out, PrintWriter err) {
    Map<String, Command> commands = new LinkedHashMap<>();
    commands.put("exits", new ExitsCommand());
    commands.put("boot", new BootCommand());
    commands.put("micro", new MicroCommand());
    CommandSpec root = CommandSpec.create().name("javelin perf");
    root.addOption(helpOption());
    root.usageMessage()
        .description("Measures Javelin on this machine.")
        .footer("", "javelin perf COMMAND --help tells about one measurement.");
    commands.forEach(
        (name, command) -> root.addSubcommand(name, command.spec().addOption(helpOption())));
    CommandLine line =
        new CommandLine(root).setOut(out).setExecutionStrategy(parsed -> execute(parsed, commands));
    return CommandErrors.handledBy(line, err).execute(args);
  }

  private static OptionSpec helpOption() {
    return OptionSpec.builder("-h", "--help")
        .usageHelp(true)
        .description("Shows this help.")
        .build();
  }

  private static int execute(ParseResult parsed, Map<String, Command> commands) {
    Integer helped = CommandLine.executeHelpRequest(parsed);
    if (helped != null) {
      return helped;
    }
    CommandLine root = parsed.commandSpec().commandLine();
    if (!parsed.hasSubcommand()) {
      root.usage(root.getErr());
      return ExitCode.USAGE;
    }
    ParseResult arguments = parsed.subcommand();
    try {
      return commands.get(arguments.commandSpec().name()).run(arguments);
    } catch (Exception e) {
      throw new CommandLine.ExecutionException(root, e.toString(), e);
    }
  }
}
