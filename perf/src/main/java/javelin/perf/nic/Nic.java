package javelin.perf.nic;

import java.util.List;
import java.util.Map;
import javelin.boot.cli.CommandException;
import javelin.boot.cli.ExitCode;
import javelin.passthrough.host.HostDevice;
import javelin.passthrough.host.use.DeviceUse;
import javelin.passthrough.host.use.DeviceUses;
import javelin.vmm.linux.HostFiles;

/**
 * A network card and the interface at the other end of its wire, as the host has both.
 *
 * @param files the host's
 * @param device the card
 * @param modules of its drivers
 * @param wire the other end
 */
record Nic(HostFiles files, HostDevice device, List<String> modules, HostInterface wire) {
  private static final int NETWORK = 0x02;

  static boolean isOne(HostDevice device) {
    return device.ids().baseClass() == NETWORK;
  }

  /**
   * Looks at both, while the host has them.
   *
   * @param force also where the host uses them
   * @throws CommandException saying why the card cannot be measured with that wire
   */
  static Nic find(
      HostFiles files,
      Map<String, String> environment,
      HostDevice device,
      String wire,
      boolean force) {
    String option = NicOptions.WIRE + " " + wire + ": ";
    if (!isOne(device)) {
      throw usage(option + device.address() + " is no network card");
    }
    HostInterface end = new HostInterface(files, wire);
    if (wire.isEmpty() || wire.contains("/") || !end.isThere()) {
      throw usage(option + "the host has no such interface; see: ip link");
    }
    if (!end.hasDevice()) {
      throw usage(option + "there is no device behind it; give one that a cable is plugged into");
    }
    HostInterface netdev =
        HostInterface.on(files, device)
            .orElseThrow(
                () ->
                    new CommandException(
                        ExitCode.START_ERROR,
                        "%s: the host has no interface on it, which virtio would stand on; give it"
                                .formatted(device.withDriver())
                            + " back to its network driver first"));
    if (netdev.name().equals(wire)) {
      throw usage(
          "%sit is the interface of %s itself; give the one at the other end of its cable"
              .formatted(option, device.address()));
    }
    if (!force) {
      DeviceUses uses = new DeviceUses(files, environment);
      requireUnused(uses.ofInterface(wire), option);
      requireUnused(uses.ofInterface(netdev.name()), device.address() + ": ");
    }
    return new Nic(files, device, netdev.modules(device), end);
  }

  private static void requireUnused(List<DeviceUse> uses, String prefix) {
    if (!uses.isEmpty()) {
      throw new CommandException(
          ExitCode.START_ERROR,
          prefix + uses.get(0).words() + ", which would be lost; --force takes it all the same");
    }
  }

  private static CommandException usage(String text) {
    return new CommandException(ExitCode.USAGE, text);
  }
}
