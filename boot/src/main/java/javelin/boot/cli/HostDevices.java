package javelin.boot.cli;

import java.util.List;
import java.util.function.Consumer;
import javelin.boot.machine.AssignSource;
import javelin.boot.machine.AssignSpec;
import javelin.boot.machine.MachineConfig;
import javelin.passthrough.binding.BindingException;
import javelin.passthrough.binding.BindingHost;
import javelin.passthrough.binding.HeldDevices;
import javelin.passthrough.binding.Recovery;
import javelin.passthrough.host.HostAddress;
import javelin.vmm.linux.HostFiles;
import javelin.vmm.linux.Linux;
import javelin.vmm.linux.Resources;

/** The host's devices that a run has: taken for it and given back, or only locked. */
public final class HostDevices implements AutoCloseable {
  private final Resources held = new Resources();

  private HostDevices() {}

  /**
   * Takes what is to be taken, after whatever an earlier run left has been given back, and if
   * nothing stands against it.
   *
   * @param force take also what the host uses
   * @param say tells the user, a line each, what was done
   * @throws CommandException where a device cannot be had; none is held then
   */
  public static HostDevices hold(
      MachineConfig config, boolean force, Linux linux, Consumer<String> say) {
    HostDevices devices = new HostDevices();
    List<AssignSpec> specs = config.assigned().stream().filter(AssignSpec::isOfHost).toList();
    if (specs.isEmpty()) {
      return devices;
    }
    try {
      BindingHost host = BindingHost.system(say);
      Recovery.run(host).problems().forEach(say);
      AssignmentCheck.require(config, force, HostFiles.system(), linux, say);
      devices.held.own(HeldDevices.ofTaken(host, addresses(specs, true)));
      devices.held.own(HeldDevices.take(host, addresses(specs, false), force));
      return devices;
    } catch (BindingException e) {
      devices.held.closeAfter(e);
      throw new CommandException(ExitCode.START_ERROR, e.getMessage());
    }
  }

  private static List<HostAddress> addresses(List<AssignSpec> specs, boolean isTaken) {
    return specs.stream()
        .filter(spec -> spec.isTaken() == isTaken)
        .map(spec -> ((AssignSource.Host) spec.device()).address())
        .toList();
  }

  @Override
  public void close() {
    try {
      held.close();
    } catch (BindingException e) {
      throw new CommandException(ExitCode.START_ERROR, e.getMessage());
    }
  }
}
