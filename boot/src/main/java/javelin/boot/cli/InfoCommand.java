package javelin.boot.cli;

import java.io.PrintWriter;
import javelin.boot.host.HostReport;
import javelin.boot.host.KvmProbe;
import javelin.boot.host.ReportJson;
import javelin.boot.host.ReportText;
import javelin.boot.machine.MachineConfig;
import javelin.vmm.linux.HostFiles;
import javelin.vmm.linux.Linux;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Model.OptionSpec;
import picocli.CommandLine.ParseResult;

/** {@code javelin info}: what this host offers, and what it is needed for. */
final class InfoCommand implements Command {
  private final CommandSpec spec = CommandSpec.create();

  InfoCommand() {
    spec.addOption(
        OptionSpec.builder("--json")
            .type(boolean.class)
            .description("Print one JSON object instead of text.")
            .build());
    spec.usageMessage()
        .description(
            "Shows what this host offers: KVM, CPU, memory, device assignment; each with what it"
                + " is needed for. It changes nothing.");
  }

  @Override
  public CommandSpec spec() {
    return spec;
  }

  @Override
  public int run(ParseResult arguments) {
    KvmProbe kvm = KvmProbe.of(Linux.system(), MachineConfig.DEV_KVM.toString());
    HostReport report = HostReport.of(HostFiles.system(), kvm);
    PrintWriter out = spec.commandLine().getOut();
    if (arguments.hasMatchedOption("--json")) {
      out.println(ReportJson.of(report));
    } else {
      ReportText.lines(report).forEach(out::println);
    }
    return ExitCode.OK;
  }
}
