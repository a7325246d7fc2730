package javelin.perf;

import java.io.PrintStream;
import java.io.PrintWriter;
import java.nio.charset.StandardCharsets;
import java.util.List;
import javelin.boot.cli.CommandErrors;
import javelin.boot.cli.HelpStyle;
import javelin.boot.cli.Subcommands;
import javelin.perf.assign.AssignBench;
import javelin.perf.bench.BenchCommand;
import javelin.perf.bench.CompareCommand;
import javelin.perf.boot.BootBench;
import javelin.perf.exits.ExitsBench;
import javelin.perf.map.MapBench;
import javelin.perf.micro.MicroCommand;
import javelin.perf.pauses.PauseBench;
import javelin.perf.virtio.VirtioBench;
import picocli.CommandLine;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.ParseResult;

/** The command {@code javelin bench}, with a class path of its own behind it. */
public final class Main {

  private Main() {}

  private static Subcommands commands() {
    return new Subcommands()
        .with("exits", () -> new BenchCommand(new ExitsBench()))
        .with("assign", () -> new BenchCommand(new AssignBench()))
        .with("boot", () -> new BenchCommand(new BootBench()))
        .with("map", () -> new BenchCommand(new MapBench()))
        .with("micro", MicroCommand::new)
        .with("pauses", () -> new BenchCommand(new PauseBench()))
        .with("virtio", () -> new BenchCommand(new VirtioBench()))
        .with("compare", CompareCommand::new);
  }

  /** Runs the measurement that the arguments name and ends with its exit code. */
  public static void main(String[] args) {
    System.exit(run(args, writer(System.out), writer(System.err)));
  }

  private static PrintWriter writer(PrintStream stream) {
    return new PrintWriter(stream, true, StandardCharsets.UTF_8);
  }

  /** Runs the measurement that the arguments name; returns the exit code. */
  static int run(String[] args, PrintWriter out, PrintWriter err) {
    CommandSpec root = CommandSpec.create().name("javelin bench").mixinStandardHelpOptions(true);
    root.usageMessage()
        .description("Measures Javelin on this machine, beside others where they are there.")
        .footer("", "javelin bench COMMAND --help tells about one of them.");
    Subcommands commands = commands();
    commands.addTo(root, List.of(args));
    CommandLine line =
        new CommandLine(root)
            .setOut(out)
            .setHelpFactory(HelpStyle::help)
            .setExecutionStrategy(parsed -> execute(parsed, commands));
    return CommandErrors.handledBy(line, err).execute(args);
  }

  private static int execute(ParseResult parsed, Subcommands commands) {
    Integer helped = CommandLine.executeHelpRequest(parsed);
    if (helped != null) {
      return helped;
    }
    try {
      return commands.run(parsed);
    } catch (Exception e) {
      throw new CommandLine.ExecutionException(
          parsed.commandSpec().commandLine(), e.getMessage(), e);
    }
  }
}
