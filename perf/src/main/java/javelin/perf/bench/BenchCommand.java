package javelin.perf.bench;

import java.io.PrintWriter;
import java.time.Instant;
import java.time.temporal.ChronoUnit;
import java.util.List;
import javelin.boot.cli.Command;
import javelin.boot.cli.CommandException;
import javelin.boot.cli.ExitCode;
import javelin.boot.cli.RawTerminal;
import javelin.boot.cli.SignalHook;
import javelin.perf.result.Outcome;
import javelin.vmm.kvm.KvmException;
import javelin.vmm.linux.HostFiles;
import javelin.vmm.linux.Linux;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.ParseResult;

/**
 * {@code javelin bench NAME}: a bench with the outputs that all have. What was measured is shown
 * however the bench ends: by itself, by Ctrl-C or by an error.
 */
public final class BenchCommand implements Command {
  private static final int SIGINT = 2;
  private static final int STDERR = 2;

  private final Bench bench;

  /** A command of {@code bench}. */
  public BenchCommand(Bench bench) {
    this.bench = bench;
  }

  @Override
  public CommandSpec spec() {
    CommandSpec spec = bench.spec();
    Outputs.addOptions(spec);
    return spec;
  }

  @Override
  @SuppressWarnings("try") // the signal is there to be closed
  public int run(ParseResult arguments) throws Exception {
    PrintWriter out = arguments.commandSpec().commandLine().getOut();
    PrintWriter err = arguments.commandSpec().commandLine().getErr();
    Outputs outputs = new Outputs(arguments);
    outputs.check();
    Outcome outcome =
        new Outcome(
            bench.name(), options(arguments), Instant.now().truncatedTo(ChronoUnit.SECONDS));
    HostConditions.describe(HostFiles.system(), outcome);
    boolean terminal = RawTerminal.isTerminal(Linux.system(), STDERR);
    Progress progress = new Progress(err, terminal, System::nanoTime);
    BenchRun run = new BenchRun(outcome, progress);
    try (SignalHook interrupt = new SignalHook("INT", (name, number) -> interrupted(run, err))) {
      bench.measure(arguments, run);
    } catch (KvmException e) {
      throw new CommandException(ExitCode.START_ERROR, e.getMessage());
    } finally {
      progress.end();
      outcome.interrupted(run.isStopped());
      if (!outcome.series().isEmpty() || !outcome.gaps().isEmpty()) {
        outputs.write(outcome, out);
      }
    }
    return exitCode(outcome);
  }

  /** What follows the command's name. */
  private List<String> options(ParseResult arguments) {
    List<String> all = arguments.originalArgs();
    return all.subList(all.indexOf(bench.name()) + 1, all.size());
  }

  private static void interrupted(BenchRun run, PrintWriter err) {
    if (run.isStopped()) {
      Runtime.getRuntime().exit(ExitCode.ofSignal(SIGINT));
    }
    err.println();
    err.println("javelin: ending with what was measured; once more ends at once");
    run.stop();
  }

  private static int exitCode(Outcome outcome) {
    if (outcome.isInterrupted()) {
      return ExitCode.ofSignal(SIGINT);
    }
    return outcome.series().isEmpty() ? ExitCode.START_ERROR : ExitCode.OK;
  }
}
