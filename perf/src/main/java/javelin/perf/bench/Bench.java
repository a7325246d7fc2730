package javelin.perf.bench;

import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.ParseResult;

/** One measurement of {@code javelin bench}; {@link BenchCommand} makes a command of it. */
public interface Bench {
  /** What follows {@code javelin bench}. */
  String name();

  /** The options and the description of this bench; the common ones are added to it. */
  CommandSpec spec();

  /**
   * Measures, round by round, and adds what it finds to the run's outcome as it goes. What cannot
   * be measured here is a gap there. Returns early, between rounds, when the user wants it.
   *
   * @throws javelin.boot.cli.CommandException for whatever the user can put right
   */
  void measure(ParseResult arguments, BenchRun run) throws Exception;
}
