package javelin.boot.cli;

import java.util.List;
import java.util.function.Consumer;
import java.util.stream.Collectors;
import javelin.boot.host.CpuFacts;
import javelin.boot.machine.AssignSource;
import javelin.boot.machine.AssignSpec;
import javelin.boot.machine.MachineConfig;
import javelin.boot.machine.PcLayout;
import javelin.passthrough.host.HostAddress;
import javelin.passthrough.preflight.Finding;
import javelin.passthrough.preflight.GuestLayout;
import javelin.passthrough.preflight.Preflight;
import javelin.passthrough.preflight.WantedDevice;
import javelin.vmm.linux.HostFiles;
import javelin.vmm.linux.Linux;
import javelin.vmm.memory.RamConfig;

/** Whether a host can give a machine the devices that it is configured with. */
final class AssignmentCheck {
  private AssignmentCheck() {}

  /** What a guest with such RAM asks of a host. */
  static GuestLayout guest(RamConfig ram, HostFiles files) {
    return PcLayout.guestLayout(ram, new CpuFacts(files).addressBits());
  }

  /**
   * Requires that nothing stands against the devices, and allows this process to pin guest RAM.
   *
   * @param force take also what the host uses
   * @param warn hears, a line each, what the user should know
   * @throws CommandException with a line for each thing that stands against it
   */
  static void require(
      MachineConfig config, boolean force, HostFiles files, Linux linux, Consumer<String> warn) {
    List<WantedDevice> wanted =
        config.assigned().stream()
            .filter(AssignSpec::isOfHost)
            .map(AssignmentCheck::wanted)
            .toList();
    List<Finding> findings =
        new Preflight(files, linux, System.getenv()).all(wanted, guest(config.ram(), files), force);
    findings.stream().filter(finding -> !finding.isBlocking()).map(Finding::text).forEach(warn);
    if (findings.stream().anyMatch(Finding::isBlocking)) {
      throw new CommandException(
          ExitCode.START_ERROR,
          findings.stream()
              .filter(Finding::isBlocking)
              .map(Finding::text)
              .collect(Collectors.joining("\n")));
    }
    if (linux.softLimit(Linux.RLIMIT_MEMLOCK) != linux.hardLimit(Linux.RLIMIT_MEMLOCK)) {
      linux.raiseSoftLimit(Linux.RLIMIT_MEMLOCK);
    }
  }

  private static WantedDevice wanted(AssignSpec spec) {
    HostAddress device = ((AssignSource.Host) spec.device()).address();
    return new WantedDevice(device, spec.isTaken(), spec.options().allowNoReset());
  }
}
