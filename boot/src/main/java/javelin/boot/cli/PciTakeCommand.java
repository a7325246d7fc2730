package javelin.boot.cli;

import java.util.List;
import javelin.passthrough.binding.BindingException;
import javelin.passthrough.binding.BindingHost;
import javelin.passthrough.binding.HandBinding;
import javelin.passthrough.host.HostAddress;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Model.OptionSpec;
import picocli.CommandLine.ParseResult;

/** {@code javelin pci take}: binds devices to vfio-pci, until they are given back. */
final class PciTakeCommand implements Command {
  private static final String FORCE = "--force";

  private final CommandSpec spec = CommandSpec.create();

  PciTakeCommand() {
    spec.addPositional(PciDevices.parameter());
    spec.addOption(
        OptionSpec.builder(FORCE)
            .type(boolean.class)
            .arity("0")
            .description("Take also what this host uses. What is never assigned stays so.")
            .build());
    spec.usageMessage()
        .description(
            "Takes PCI devices from their drivers for guests: all of them, or none. They stay taken"
                + " until `javelin pci give-back`, or until the host boots again. Needs root.",
            "")
        .footer("", "`javelin run --assign BDF` does both by itself.");
  }

  @Override
  public CommandSpec spec() {
    return spec;
  }

  @Override
  public int run(ParseResult arguments) {
    List<HostAddress> devices = PciDevices.of(arguments);
    BindingHost host = BindingHost.system(spec.commandLine().getOut()::println);
    try {
      new HandBinding(host).take(devices, arguments.matchedOptionValue(FORCE, false));
      return ExitCode.OK;
    } catch (BindingException e) {
      return PciDevices.report(spec, e.getMessage().lines().toList());
    }
  }
}
