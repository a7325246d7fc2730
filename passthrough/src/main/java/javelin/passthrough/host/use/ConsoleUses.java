package javelin.passthrough.host.use;

import java.util.List;
import javelin.passthrough.host.HostDevice;
import javelin.passthrough.host.use.DeviceUse.Kind;
import javelin.vmm.linux.HostFiles;

/** Serial ports that the kernel's console is on. */
final class ConsoleUses implements UseCheck {
  private static final String FOLDER = "/sys/class/tty";

  private final List<String> consoles;
  private final ClassDevices terminals;

  ConsoleUses(HostFiles files) {
    consoles = List.of(files.text(FOLDER + "/console/active").orElse("").split("\\s+", -1));
    terminals = new ClassDevices(files, FOLDER);
  }

  @Override
  public List<DeviceUse> uses(HostDevice device) {
    return terminals.below(device).stream()
        .filter(consoles::contains)
        .map(name -> new DeviceUse(Kind.CONSOLE, name, name + " is the kernel's console"))
        .toList();
  }
}
