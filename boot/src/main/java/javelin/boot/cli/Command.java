package javelin.boot.cli;

import java.util.List;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.ParseResult;

/** A subcommand of {@code javelin}: its options and what it does. */
public interface Command {
  /** The options, parameters and help of this command, in picocli's programmatic model. */
  CommandSpec spec();

  /**
   * Hears, before {@link #spec()} is asked for, the words behind the command's name: a command with
   * commands of its own builds the one that they name.
   *
   * @param arguments not yet parsed; empty where everything is wanted, for help and completion
   */
  default void expect(List<String> arguments) {}

  /**
   * Runs the command.
   *
   * @param arguments the parsed arguments of {@link #spec()}
   * @return the exit code
   * @throws CommandException for whatever the user can put right
   */
  int run(ParseResult arguments) throws Exception;
}
