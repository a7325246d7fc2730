package javelin.boot.cli;

import java.util.List;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.ParseResult;

/** {@code javelin pci}: the host's PCI devices, and taking them for guests. */
final class PciCommand implements Command {
  private final CommandSpec spec = CommandSpec.create();

  /** A new one is one more line here. */
  private final Subcommands commands =
      new Subcommands()
          .with("list", PciListCommand::new)
          .with("show", PciShowCommand::new)
          .with("take", PciTakeCommand::new)
          .with("give-back", PciGiveBackCommand::new)
          .with("recover", PciRecoverCommand::new);

  PciCommand() {
    spec.usageMessage()
        .description("Shows this host's PCI devices and which of them guests can be given.")
        .footer("", "javelin pci COMMAND --help tells about one command.");
  }

  @Override
  public CommandSpec spec() {
    return spec;
  }

  @Override
  public void expect(List<String> arguments) {
    commands.addTo(spec, arguments);
  }

  @Override
  public int run(ParseResult arguments) throws Exception {
    return commands.run(arguments);
  }
}
