package javelin.boot.cli;

import java.util.List;
import picocli.AutoComplete;
import picocli.CommandLine;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Model.PositionalParamSpec;
import picocli.CommandLine.ParseResult;

/** {@code javelin completion bash}: a script that completes commands, options and their values. */
final class CompletionCommand implements Command {
  /** The name that asks {@link Main} for all commands, as help does. */
  static final String NAME = "completion";

  private static final List<String> SHELLS = List.of("bash", "zsh");

  private final CommandSpec spec = CommandSpec.create();

  CompletionCommand() {
    spec.addPositional(
        PositionalParamSpec.builder()
            .paramLabel("SHELL")
            .type(String.class)
            .arity("1")
            .completionCandidates(SHELLS)
            .description("bash or zsh.")
            .build());
    spec.usageMessage()
        .description("Prints a shell script that completes javelin's commands and options.")
        .footer("", "For this shell:  source <(./javelin completion bash)");
  }

  @Override
  public CommandSpec spec() {
    return spec;
  }

  @Override
  public int run(ParseResult arguments) {
    String shell = arguments.matchedPositionalValue(0, "");
    if (!SHELLS.contains(shell)) {
      throw new CommandException(
          ExitCode.USAGE, "no completion for " + shell + "; there is bash and zsh");
    }
    CommandLine root = spec.parent().commandLine();
    // One script serves both: in zsh it switches bash's completion on.
    root.getOut().print(AutoComplete.bash(root.getCommandName(), root));
    root.getOut().flush();
    return ExitCode.OK;
  }
}
