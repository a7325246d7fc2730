package javelin.boot.machine;

import java.nio.file.Path;
import java.util.function.Supplier;
import javelin.passthrough.host.HostAddress;
import javelin.passthrough.model.DeviceModel;

/** Where a device that a guest gets comes from; its text is how the user names it. */
public sealed interface AssignSource {
  /** A PCI device of the host. */
  record Host(HostAddress address) implements AssignSource {
    @Override
    public String toString() {
      return address.toString();
    }
  }

  /** The device of a server that speaks vfio-user, at a socket. */
  record User(String path) implements AssignSource {
    static final String PREFIX = "user:";

    @Override
    public String toString() {
      return PREFIX + path;
    }
  }

  /**
   * A device that Javelin itself serves by vfio-user.
   *
   * @param disk what it is on; null where it is on none
   */
  record Demo(ServedDevice device, Path disk) implements AssignSource {
    static final String NAME = "demo";

    /** Requires a disk where the device needs one. */
    public Demo {
      device.requireDisk(disk);
    }

    @Override
    public String toString() {
      return device == ServedDevice.EDU ? NAME : NAME + ":" + device.text();
    }
  }

  /**
   * A device of the caller's own that Javelin serves.
   *
   * @param name for messages
   * @param model makes one at power-on
   */
  record Own(String name, Supplier<DeviceModel> model) implements AssignSource {
    @Override
    public String toString() {
      return name;
    }
  }

  /**
   * Reads a device's name.
   *
   * @param disk for one that Javelin serves; null for none
   * @throws IllegalArgumentException where there is none such
   */
  static AssignSource parse(String text, Path disk) {
    if (text.equals(Demo.NAME) || text.startsWith(Demo.NAME + ":")) {
      return new Demo(demoDevice(text.substring(Demo.NAME.length())), disk);
    }
    if (disk != null) {
      throw new IllegalArgumentException("disk is for demo:nvme, which Javelin serves itself");
    }
    if (text.startsWith(User.PREFIX)) {
      String path = text.substring(User.PREFIX.length());
      if (path.isEmpty()) {
        throw new IllegalArgumentException("user: is followed by the path of a socket");
      }
      return new User(path);
    }
    return new Host(HostAddress.parse(text));
  }

  private static ServedDevice demoDevice(String suffix) {
    return suffix.isEmpty() ? ServedDevice.EDU : ServedDevice.parse(suffix.substring(1));
  }
}
