package javelin.perf.bench;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.util.List;
import javelin.boot.cli.Command;
import javelin.boot.cli.CommandException;
import javelin.boot.cli.ExitCode;
import javelin.perf.result.Outcome;
import javelin.perf.result.OutcomeJson;
import javelin.perf.result.compare.Comparison;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Model.PositionalParamSpec;
import picocli.CommandLine.ParseResult;

/** {@code javelin bench compare}. */
public final class CompareCommand implements Command {
  @Override
  public CommandSpec spec() {
    CommandSpec spec = CommandSpec.create();
    spec.usageMessage()
        .description(
            "Says what changed between two results of one bench, as --json wrote them. A change is"
                + " one of 2 %% and more that the noise of the rounds explains in one of a hundred"
                + " cases at most (rank-sum test; it needs 5 rounds in each). Between two runs"
                + " there may be other load, too: repeat what matters.");
    spec.addPositional(file("0", "BEFORE.json", "The first result."));
    spec.addPositional(file("1", "AFTER.json", "The second result."));
    return spec;
  }

  private static PositionalParamSpec file(String index, String label, String description) {
    return PositionalParamSpec.builder()
        .index(index)
        .type(Path.class)
        .paramLabel(label)
        .required(true)
        .description(description)
        .build();
  }

  @Override
  public int run(ParseResult arguments) {
    Outcome before = read(arguments.matchedPositionalValue(0, null));
    Outcome after = read(arguments.matchedPositionalValue(1, null));
    List<String> lines;
    try {
      lines = Comparison.lines(before, after);
    } catch (IllegalArgumentException e) {
      throw new CommandException(ExitCode.USAGE, "these cannot be compared: " + e.getMessage());
    }
    lines.forEach(arguments.commandSpec().commandLine().getOut()::println);
    return ExitCode.OK;
  }

  private static Outcome read(Path file) {
    try {
      return OutcomeJson.read(Files.readString(file));
    } catch (NoSuchFileException e) {
      throw new CommandException(ExitCode.USAGE, file + ": no such file");
    } catch (IOException e) {
      throw new CommandException(ExitCode.USAGE, file + " cannot be read: " + e.getMessage());
    } catch (IllegalArgumentException e) {
      throw new CommandException(ExitCode.USAGE, file + ": " + e.getMessage());
    }
  }
}
