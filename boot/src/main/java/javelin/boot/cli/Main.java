package javelin.boot.cli;

import java.io.PrintStream;
import java.io.PrintWriter;
import java.nio.charset.StandardCharsets;
import java.util.List;
import picocli.CommandLine;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Model.OptionSpec;
import picocli.CommandLine.ParseResult;

/** The command line. */
public final class Main {
  /** When the JVM came to Javelin's first line, in nanoseconds of {@link System#nanoTime}. */
  static final long ENTERED = System.nanoTime();

  private Main() {}

  /** Every subcommand; a new one is one more line here. */
  private static Subcommands commands() {
    return new Subcommands()
        .with("run", RunCommand::new)
        .with("serve", ServeCommand::new)
        .with("pci", PciCommand::new)
        .with("control", ControlCommand::new)
        .with("info", InfoCommand::new)
        .with("doctor", DoctorCommand::new)
        .with("lab", LabCommand::new)
        .with(CompletionCommand.NAME, CompletionCommand::new);
  }

  /** Runs the command that the arguments name and ends with its exit code. */
  public static void main(String[] args) {
    System.exit(run(args, writer(System.out), writer(System.err)));
  }

  private static PrintWriter writer(PrintStream stream) {
    return new PrintWriter(stream, true, StandardCharsets.UTF_8);
  }

  /** Runs the command that the arguments name; returns the exit code. */
  static int run(String[] args, PrintWriter out, PrintWriter err) {
    CommandSpec root = CommandSpec.create().name("javelin");
    root.addOption(help("-h", "--help").usageHelp(true).description("Shows this help.").build());
    root.addOption(
        help("-V", "--version").versionHelp(true).description("Shows the version.").build());
    root.version("javelin " + version());
    root.usageMessage()
        .description("A KVM virtual machine monitor built around PCI device assignment.")
        .footer(
            "",
            "The launcher has two more: test runs every test, bench measures Javelin.",
            "",
            "javelin COMMAND --help tells about one command.");
    Subcommands commands = commands();
    commands.addTo(root, wanted(args));
    CommandLine line =
        new CommandLine(root)
            .setOut(out)
            .setHelpFactory(HelpStyle::help)
            .setPosixClusteredShortOptionsAllowed(false)
            .setExecutionStrategy(parsed -> execute(parsed, commands));
    return CommandErrors.handledBy(line, err).execute(args);
  }

  /** One by one: picocli's own set of them is an annotated class, whose reflection costs 10 ms. */
  private static OptionSpec.Builder help(String... names) {
    return OptionSpec.builder(names);
  }

  /** Completion is about all commands. */
  private static List<String> wanted(String[] args) {
    boolean all = args.length > 0 && args[0].equals(CompletionCommand.NAME);
    return all ? List.of() : List.of(args);
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

  private static String version() {
    String version = Main.class.getPackage().getImplementationVersion();
    return (version == null ? "(unpackaged)" : version)
        + " on Java "
        + System.getProperty("java.version");
  }
}
