package javelin.boot.cli;

import java.util.concurrent.atomic.AtomicInteger;
import javelin.passthrough.binding.BindingException;
import javelin.passthrough.binding.BindingHost;
import javelin.passthrough.binding.Recovery;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Model.OptionSpec;
import picocli.CommandLine.ParseResult;

/** {@code javelin pci recover}: gives back what processes that are gone have left. */
final class PciRecoverCommand implements Command {
  private static final String ALL = "--all";

  private final CommandSpec spec = CommandSpec.create();

  PciRecoverCommand() {
    spec.addOption(
        OptionSpec.builder(ALL)
            .type(boolean.class)
            .arity("0")
            .description("Give back also what was taken by hand and is not in use.")
            .build());
    spec.usageMessage()
        .description(
            "Gives back the PCI devices of runs that were killed, and finishes or undoes what was"
                + " killed half-way. `javelin run --assign` does so by itself. Needs root.",
            "");
  }

  @Override
  public CommandSpec spec() {
    return spec;
  }

  @Override
  public int run(ParseResult arguments) {
    AtomicInteger lines = new AtomicInteger();
    BindingHost host =
        BindingHost.system(
            line -> {
              lines.incrementAndGet();
              spec.commandLine().getOut().println(line);
            });
    Recovery.Result result = recover(host, arguments.hasMatchedOption(ALL));
    result.left().forEach(spec.commandLine().getOut()::println);
    if (lines.get() + result.left().size() + result.problems().size() == 0) {
      spec.commandLine().getOut().println("nothing to recover");
    }
    return PciDevices.report(spec, result.problems());
  }

  private static Recovery.Result recover(BindingHost host, boolean all) {
    try {
      return all ? Recovery.runAll(host) : Recovery.run(host);
    } catch (BindingException e) {
      throw new CommandException(ExitCode.START_ERROR, e.getMessage());
    }
  }
}
