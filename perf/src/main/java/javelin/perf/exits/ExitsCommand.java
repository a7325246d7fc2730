package javelin.perf.exits;

import java.io.IOException;
import java.io.PrintWriter;
import java.nio.file.Files;
import java.nio.file.Path;
import javelin.boot.cli.Command;
import javelin.boot.cli.CommandException;
import javelin.boot.cli.ExitCode;
import javelin.vmm.kvm.KvmException;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Model.OptionSpec;
import picocli.CommandLine.ParseResult;

/** {@code javelin bench exits}. */
public final class ExitsCommand implements Command {
  private static final int DEFAULT_COUNT = 100_000;
  private static final int DEFAULT_ROUNDS = 20;
  private static final int MAX_PER_ROUND = 10_000_000;

  @Override
  public CommandSpec spec() {
    CommandSpec spec = CommandSpec.create();
    spec.usageMessage()
        .description(
            "Measures an exit to user space: the time from one exit to the next one of a guest"
                + " that does nothing else, through Javelin's exit loop and through a plain C loop"
                + " (compiled with gcc, or $CC) over the same guest code, in turn.");
    spec.addOption(
        number("--count", DEFAULT_COUNT, "Exits of each kind on each side (${DEFAULT-VALUE})."));
    spec.addOption(
        number("--rounds", DEFAULT_ROUNDS, "Turns that they are split into (${DEFAULT-VALUE})."));
    spec.addOption(
        OptionSpec.builder("--json")
            .type(Path.class)
            .paramLabel("FILE")
            .description("Writes the figures to FILE as well.")
            .build());
    return spec;
  }

  private static OptionSpec number(String name, int byDefault, String description) {
    return OptionSpec.builder(name)
        .type(int.class)
        .paramLabel("N")
        .defaultValue(Integer.toString(byDefault))
        .description(description)
        .build();
  }

  @Override
  public int run(ParseResult arguments) throws Exception {
    int rounds = arguments.matchedOptionValue("--rounds", DEFAULT_ROUNDS);
    int count = arguments.matchedOptionValue("--count", DEFAULT_COUNT);
    int perRound = rounds > 0 ? count / rounds : 0;
    if (perRound < 1 || perRound > MAX_PER_ROUND) {
      throw new CommandException(
          ExitCode.USAGE,
          "--count %d in --rounds %d: each round needs 1 to %d exits"
              .formatted(count, rounds, MAX_PER_ROUND));
    }
    PrintWriter out = arguments.commandSpec().commandLine().getOut();
    String compiler = System.getenv().getOrDefault("CC", "gcc");
    try (CLoop program = CLoop.compile(compiler)) {
      if (program == null) {
        out.println(
            compiler + " is not there, so there is nothing to compare with: Javelin's times only");
        out.println("(Debian and Ubuntu: apt install gcc libc6-dev; or set CC to a C compiler)");
      }
      ExitCost cost = new ExitCost(program, rounds, perRound);
      cost.measure();
      ExitReport report = new ExitReport(cost.times());
      report.table().forEach(out::println);
      out.printf(
          "%d exits each, in %d rounds; Java %s%n",
          rounds * perRound, rounds, System.getProperty("java.version"));
      write(arguments.matchedOptionValue("--json", null), report);
    } catch (KvmException e) {
      throw new CommandException(ExitCode.START_ERROR, e.getMessage());
    }
    return 0;
  }

  private static void write(Path file, ExitReport report) {
    if (file == null) {
      return;
    }
    try {
      Files.writeString(file, report.json());
    } catch (IOException e) {
      throw new CommandException(
          ExitCode.START_ERROR, "--json " + file + " cannot be written: " + e);
    }
  }
}
