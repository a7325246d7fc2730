package javelin.boot.cli;

import javelin.passthrough.binding.BindingHost;
import javelin.passthrough.binding.HandBinding;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.ParseResult;

/** {@code javelin pci give-back}: returns devices that were taken by hand to their drivers. */
final class PciGiveBackCommand implements Command {
  private final CommandSpec spec = CommandSpec.create();

  PciGiveBackCommand() {
    spec.addPositional(PciDevices.parameter());
    spec.usageMessage()
        .description(
            "Gives PCI devices that were taken back to the drivers that they had, with the network"
                + " interfaces' names. Refused, with the process named, while one is in use. Needs"
                + " root.",
            "");
  }

  @Override
  public CommandSpec spec() {
    return spec;
  }

  @Override
  public int run(ParseResult arguments) {
    BindingHost host = BindingHost.system(spec.commandLine().getOut()::println);
    return PciDevices.report(spec, new HandBinding(host).giveBack(PciDevices.of(arguments)));
  }
}
