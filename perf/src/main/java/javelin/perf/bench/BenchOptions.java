package javelin.perf.bench;

import java.util.List;
import java.util.function.Function;
import javelin.boot.cli.CommandException;
import javelin.boot.cli.ExitCode;
import picocli.CommandLine.Model.OptionSpec;
import picocli.CommandLine.ParseResult;

/** Options that several benches have. */
public final class BenchOptions {
  private static final String PEER = "--peer";

  private BenchOptions() {}

  /** An option that takes a count, from 1 on. */
  public static OptionSpec count(String name, int byDefault, String description) {
    return OptionSpec.builder(name)
        .type(String.class)
        .paramLabel("N")
        .defaultValue(Integer.toString(byDefault))
        .description(description + " (${DEFAULT-VALUE}).")
        .build();
  }

  /**
   * The value of such an option.
   *
   * @throws CommandException where it is none
   */
  public static int count(ParseResult arguments, String name, int most) {
    String text = arguments.commandSpec().findOption(name).getValue();
    try {
      int count = Integer.parseInt(text);
      if (count >= 1 && count <= most) {
        return count;
      }
    } catch (NumberFormatException e) {
      // Said below.
    }
    throw new CommandException(
        ExitCode.USAGE, "%s %s: give a number from 1 to %d".formatted(name, text, most));
  }

  /**
   * An option that takes a text.
   *
   * @param byDefault null for none
   * @param description a sentence with its full stop, or without one, where the default follows
   */
  public static OptionSpec text(String name, String label, String byDefault, String description) {
    return OptionSpec.builder(name)
        .type(String.class)
        .paramLabel(label)
        .defaultValue(byDefault)
        .description(description.endsWith(".") ? description : description + " (${DEFAULT-VALUE}).")
        .build();
  }

  /**
   * The value of such an option, or its default, as {@code parser} reads it.
   *
   * @throws CommandException where that refuses it by an IllegalArgumentException
   */
  public static <T> T parsed(ParseResult arguments, String name, Function<String, T> parser) {
    try {
      return parser.apply(arguments.commandSpec().findOption(name).getValue());
    } catch (IllegalArgumentException e) {
      throw new CommandException(ExitCode.USAGE, name + ": " + e.getMessage());
    }
  }

  /** {@code --peer NAME}, several times for several. */
  public static OptionSpec peers(List<String> known) {
    return OptionSpec.builder(PEER)
        .type(List.class)
        .auxiliaryTypes(String.class)
        .paramLabel("NAME")
        .arity("1")
        .description(
            "Does the same with another monitor in turn: "
                + String.join(" or ", known)
                + "; several times for several.")
        .build();
  }

  /**
   * The peers that are asked for.
   *
   * @throws CommandException where one is not of {@code known}
   */
  public static List<String> peers(ParseResult arguments, List<String> known) {
    List<String> asked = arguments.matchedOptionValue(PEER, List.of());
    for (String peer : asked) {
      if (!known.contains(peer)) {
        throw new CommandException(
            ExitCode.USAGE, "--peer %s: known are %s".formatted(peer, String.join(" and ", known)));
      }
    }
    return asked.stream().distinct().toList();
  }
}
