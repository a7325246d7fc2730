package javelin.passthrough.host.use;

import java.util.ArrayList;
import java.util.List;
import javelin.passthrough.host.HostDevice;
import javelin.passthrough.host.use.DeviceUse.Kind;
import javelin.vmm.linux.HostFiles;

/** The display that the host booted on, and framebuffers. */
final class DisplayUses implements UseCheck {
  private static final String FOLDER = "/sys/class/graphics";

  private final HostFiles files;
  private final ClassDevices graphics;

  DisplayUses(HostFiles files) {
    this.files = files;
    graphics = new ClassDevices(files, FOLDER);
  }

  @Override
  public List<DeviceUse> uses(HostDevice device) {
    List<DeviceUse> uses = new ArrayList<>();
    if (device.bootVga()) {
      uses.add(
          new DeviceUse(Kind.DISPLAY, "boot_vga", "it is the display that this host booted on"));
    }
    for (String name : graphics.below(device)) {
      String kind =
          files.text(FOLDER + "/" + name + "/name").map(text -> " (" + text + ")").orElse("");
      uses.add(new DeviceUse(Kind.DISPLAY, name, "it shows the framebuffer " + name + kind));
    }
    return uses;
  }
}
