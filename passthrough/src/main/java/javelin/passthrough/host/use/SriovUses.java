package javelin.passthrough.host.use;

import java.util.List;
import java.util.stream.Collectors;
import javelin.passthrough.host.HostAddress;
import javelin.passthrough.host.HostDevice;
import javelin.passthrough.host.use.DeviceUse.Kind;

/** A physical function whose virtual functions are on: they go when it goes. */
final class SriovUses implements UseCheck {
  @Override
  public List<DeviceUse> uses(HostDevice device) {
    List<HostAddress> functions = device.sriov().virtualFunctions();
    if (functions.isEmpty()) {
      return List.of();
    }
    String names = functions.stream().map(HostAddress::toString).collect(Collectors.joining(", "));
    return List.of(
        new DeviceUse(
            Kind.SRIOV,
            device.address().toString(),
            "its virtual functions are on: "
                + names
                + " (echo 0 > "
                + device.address().sysfs()
                + "/sriov_numvfs ends them)"));
  }
}
