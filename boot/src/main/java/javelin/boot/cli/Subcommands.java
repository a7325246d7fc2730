package javelin.boot.cli;

import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.function.Supplier;
import picocli.CommandLine;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Model.OptionSpec;
import picocli.CommandLine.ParseResult;

/**
 * The commands below another one. Only the one that is asked for is built: the others cost start-up
 * time and are needed by {@code --help} and {@code completion} alone.
 */
public final class Subcommands {
  private final Map<String, Supplier<Command>> makers = new LinkedHashMap<>();
  private final Map<String, Command> built = new LinkedHashMap<>();

  /** Adds one more, behind the others in the help. */
  public Subcommands with(String name, Supplier<Command> maker) {
    makers.put(name, maker);
    return this;
  }

  /**
   * Builds the one that {@code arguments} start with, or all where they name none, and adds what is
   * built to {@code parent}.
   */
  public void addTo(CommandSpec parent, List<String> arguments) {
    boolean all = arguments.isEmpty() || !makers.containsKey(arguments.get(0));
    List<String> rest = all ? List.of() : arguments.subList(1, arguments.size());
    makers.forEach(
        (name, maker) -> {
          if (all || name.equals(arguments.get(0))) {
            add(parent, name, maker.get(), rest);
          }
        });
  }

  private void add(CommandSpec parent, String name, Command command, List<String> arguments) {
    command.expect(arguments);
    CommandSpec spec = command.spec().name(name);
    spec.addOption(
        OptionSpec.builder("-h", "--help").usageHelp(true).description("Shows this help.").build());
    HelpStyle.apply(spec);
    parent.addSubcommand(name, spec);
    built.put(name, command);
  }

  /** Runs the one that was parsed below {@code parent}; shows the help where none was. */
  public int run(ParseResult parent) throws Exception {
    if (!parent.hasSubcommand()) {
      CommandLine line = parent.commandSpec().commandLine();
      line.usage(line.getErr());
      return ExitCode.USAGE;
    }
    ParseResult arguments = parent.subcommand();
    return built.get(arguments.commandSpec().name()).run(arguments);
  }
}
