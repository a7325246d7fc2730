package javelin.passthrough.host.use;

import java.util.List;
import java.util.Map;
import javelin.passthrough.host.HostDevice;
import javelin.vmm.linux.HostFiles;

/**
 * The guard of devices that the host uses: what of the host would break if a device were taken.
 * Each instance reads the host's routes, mounts and so on once, so it is for one look only.
 */
public final class DeviceUses {
  /** What sshd tells a session about itself (ssh(1), ENVIRONMENT). */
  private static final String SSH_CONNECTION = "SSH_CONNECTION";

  private final NetworkUses network;
  private final List<UseCheck> checks;

  /**
   * Of a host.
   *
   * @param files its proc, sys and dev file systems
   * @param environment of this process, which may tell that it runs in an SSH session
   */
  public DeviceUses(HostFiles files, Map<String, String> environment) {
    SshSession ssh = SshSession.parse(environment.getOrDefault(SSH_CONNECTION, ""));
    network = new NetworkUses(files, ssh);
    checks =
        List.of(
            network,
            new BlockUses(files),
            new SharedFolderUses(files),
            new DisplayUses(files),
            new InputUses(files),
            new ConsoleUses(files),
            new ProgramUses(files),
            new SriovUses());
  }

  /** Every use of a device, the gravest sort first; empty where it can be taken without harm. */
  public List<DeviceUse> of(HostDevice device) {
    return checks.stream().flatMap(check -> check.uses(device).stream()).toList();
  }

  /** Every use of one network interface; empty where the host can spare it. */
  public List<DeviceUse> ofInterface(String name) {
    return network.uses(name);
  }
}
