package javelin.perf.micro;

import java.util.List;
import javelin.boot.cli.Command;
import javelin.boot.cli.CommandException;
import javelin.boot.cli.ExitCode;
import org.openjdk.jmh.profile.GCProfiler;
import org.openjdk.jmh.runner.NoBenchmarksException;
import org.openjdk.jmh.runner.Runner;
import org.openjdk.jmh.runner.RunnerException;
import org.openjdk.jmh.runner.options.CommandLineOptionException;
import org.openjdk.jmh.runner.options.CommandLineOptions;
import org.openjdk.jmh.runner.options.OptionsBuilder;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Model.PositionalParamSpec;
import picocli.CommandLine.ParseResult;

/** {@code javelin bench micro}: JMH over this package, with its allocation profiler always on. */
public final class MicroCommand implements Command {

  @Override
  public CommandSpec spec() {
    CommandSpec spec = CommandSpec.create();
    spec.usageMessage()
        .description(
            "Runs the JMH micro-benchmarks with the allocation profiler: ns and heap bytes for"
                + " each port exit, MMIO exit, look-up, memory access and native call.",
            "For a first look: javelin bench micro -f 1 -wi 1 -i 1 Memory");
    spec.addPositional(
        PositionalParamSpec.builder()
            .paramLabel("ARGUMENT")
            .arity("0..*")
            .type(List.class)
            .auxiliaryTypes(String.class)
            .description("JMH's own: patterns of names, and options such as -f, -wi, -i, -lp.")
            .build());
    spec.parser().unmatchedOptionsArePositionalParams(true);
    return spec;
  }

  @Override
  public int run(ParseResult arguments) throws Exception {
    List<String> given = arguments.matchedPositionalValue(0, List.of());
    try {
      CommandLineOptions options = new CommandLineOptions(given.toArray(String[]::new));
      Runner runner =
          new Runner(new OptionsBuilder().parent(options).addProfiler(GCProfiler.class).build());
      if (options.shouldList()) {
        runner.list();
      } else {
        runner.run();
      }
    } catch (CommandLineOptionException e) {
      throw new CommandException(ExitCode.USAGE, e.getMessage());
    } catch (NoBenchmarksException e) {
      throw new CommandException(
          ExitCode.USAGE,
          "no benchmark is called " + String.join(" or ", given) + ": bench micro -l lists them");
    } catch (RunnerException e) {
      throw new CommandException(ExitCode.START_ERROR, e.getMessage());
    }
    return 0;
  }
}
