package javelin.passthrough.binding;

import java.util.List;
import javelin.passthrough.host.HostAddress;
import javelin.vmm.linux.HostFiles;

/**
 * How a device was on its host before it was taken: what giving it back restores.
 *
 * @param address where it is
 * @param driver the driver's name; empty where it had none
 * @param driverOverride the attribute driver_override; empty where it was not set
 * @param netdevs the names of its network interfaces
 * @param sriovNumVfs the attribute sriov_numvfs: VFs that were on; 0 also where it is no PF
 * @param resetMethod the attribute reset_method; empty where the device has none
 * @param powerControl the attribute power/control: {@code on} or {@code auto}
 */
record SavedDevice(
    HostAddress address,
    String driver,
    String driverOverride,
    List<String> netdevs,
    long sriovNumVfs,
    String resetMethod,
    String powerControl) {

  /** The device as it is now. */
  static SavedDevice of(HostFiles files, HostAddress address) {
    DeviceFiles device = new DeviceFiles(files, address);
    return new SavedDevice(
        address,
        device.driver(),
        device.driverOverride(),
        device.netdevs(),
        files.number(device.path("sriov_numvfs")).orElse(0L),
        device.attribute("reset_method"),
        device.attribute("power/control"));
  }
}
