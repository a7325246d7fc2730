package javelin.passthrough.binding;

import javelin.passthrough.host.HostAddress;
import javelin.passthrough.host.VfioDrivers;
import javelin.vmm.linux.ErrnoException;

/**
 * Which driver a device is bound to, and changing it by driver_override, unbind and drivers_probe
 * (never new_id, which grabs every device of that ID). Each call changes only what is not as wanted
 * yet, so that it may be repeated after it was cut off.
 */
final class Binding {
  static final String VFIO_PCI = VfioDrivers.GENERAL;
  private static final String DRIVERS = "/sys/bus/pci/drivers/";
  static final String PROBE = "/sys/bus/pci/drivers_probe";

  private final BindingHost host;
  private final DeviceFiles device;

  Binding(BindingHost host, HostAddress address) {
    this.host = host;
    this.device = host.device(address);
  }

  DeviceFiles device() {
    return device;
  }

  /**
   * Binds to a driver of VFIO.
   *
   * @param driver vfio-pci or a variant of it
   * @throws BindingException where it does not take the device
   */
  void toVfio(String driver) {
    override(driver);
    if (device.driver().equals(driver)) {
      return;
    }
    unbind();
    probe();
    if (!device.driver().equals(driver)) {
      throw new BindingException(
          device.address()
              + ": "
              + driver
              + " has not taken it"
              + (device.driver().isEmpty() ? "" : ", " + device.driver() + " has")
              + "; the kernel's log (dmesg) says why");
    }
  }

  /**
   * Makes driver and override what they were.
   *
   * @param driver the driver's name; empty for none
   * @throws BindingException where the driver does not take the device
   */
  void restore(String driver, String override) {
    override(override);
    if (device.driver().equals(driver)) {
      return;
    }
    unbind();
    if (driver.isEmpty()) {
      return;
    }
    probe();
    if (!device.driver().equals(driver)) {
      bindByName(driver);
    }
    if (!device.driver().equals(driver)) {
      throw new BindingException(
          device.address()
              + ": its driver "
              + driver
              + " has not taken it back"
              + (host.files().exists(DRIVERS + driver)
                  ? "; the kernel's log (dmesg) says why"
                  : ", as it is not loaded any more: modprobe it")
              + "; then: javelin pci recover");
    }
  }

  /** For a driver that has the device by a dynamic ID, or that another one came before. */
  private void bindByName(String driver) {
    if (host.files().exists(DRIVERS + driver)) {
      unbind();
      write(DRIVERS + driver + "/bind", device.address().toString());
    }
  }

  private void override(String driver) {
    if (!device.driverOverride().equals(driver)) {
      write(device.path("driver_override"), driver + "\n");
    }
  }

  private void unbind() {
    if (!device.driver().isEmpty()) {
      write(device.path("driver/unbind"), device.address().toString());
    }
  }

  private void probe() {
    write(PROBE, device.address().toString());
  }

  /** Writes {@code text} to an attribute of the device, unless it is there already. */
  void attribute(String name, String text) {
    if (!text.isEmpty() && !device.attribute(name).equals(text)) {
      write(device.path(name), text);
    }
  }

  private void write(String path, String value) {
    try {
      host.control().write(path, value);
    } catch (ErrnoException e) {
      throw new BindingException(device.address() + ": " + e.getMessage(), e);
    }
  }
}
