package javelin.boot.cli;

import java.util.ArrayList;
import java.util.List;
import javelin.passthrough.host.HostAddress;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Model.OptionSpec;
import picocli.CommandLine.Model.PositionalParamSpec;
import picocli.CommandLine.ParseResult;

/** What the commands about some PCI devices have in common. */
final class PciDevices {
  private static final String JSON = "--json";

  private PciDevices() {}

  /** One or more PCI addresses. */
  static PositionalParamSpec parameter() {
    return parameter("1..*", true);
  }

  /** Any number of PCI addresses. */
  static PositionalParamSpec optionalParameter() {
    return parameter("0..*", false);
  }

  private static PositionalParamSpec parameter(String arity, boolean required) {
    return PositionalParamSpec.builder()
        .paramLabel("BDF")
        .arity(arity)
        .required(required)
        .type(List.class)
        .auxiliaryTypes(String.class)
        .description("The devices' PCI addresses, such as 0000:03:00.0 or 03:00.0.")
        .build();
  }

  /** The option to write for programs. */
  static OptionSpec json() {
    return OptionSpec.builder(JSON)
        .type(boolean.class)
        .arity("0")
        .description("Print one JSON object instead of text.")
        .build();
  }

  /** Whether {@link #json()} is given. */
  static boolean isJson(ParseResult arguments) {
    return arguments.hasMatchedOption(JSON);
  }

  /** The devices named. */
  static List<HostAddress> of(ParseResult arguments) {
    List<HostAddress> devices = new ArrayList<>();
    for (String text : arguments.matchedPositionalValue(0, List.<String>of())) {
      try {
        devices.add(HostAddress.parse(text));
      } catch (IllegalArgumentException e) {
        throw new CommandException(ExitCode.USAGE, e.getMessage());
      }
    }
    return devices;
  }

  /** Says what went wrong with single devices; returns the exit code. */
  static int report(CommandSpec spec, List<String> problems) {
    problems.forEach(problem -> spec.commandLine().getErr().println("javelin: " + problem));
    return problems.isEmpty() ? ExitCode.OK : ExitCode.START_ERROR;
  }
}
