package javelin.passthrough.host.use;

import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import javelin.passthrough.host.HostDevice;
import javelin.vmm.linux.HostFiles;

/**
 * The devices of one class, such as /sys/class/net: links to where they hang in the tree of
 * devices.
 */
final class ClassDevices {
  private final HostFiles files;
  private final String folder;
  private Map<String, String> paths;

  ClassDevices(HostFiles files, String folder) {
    this.files = files;
    this.folder = folder;
  }

  /** The names of those that hang on a PCI device, sorted. */
  List<String> below(HostDevice device) {
    return below(device.path());
  }

  /** The names of those below a folder of /sys/devices, sorted. */
  List<String> below(String path) {
    return paths().entrySet().stream()
        .filter(entry -> entry.getValue().startsWith(path + "/"))
        .map(Map.Entry::getKey)
        .toList();
  }

  /** Where each is, links resolved, by its name. */
  Map<String, String> paths() {
    if (paths == null) {
      paths = new LinkedHashMap<>();
      for (String name : files.names(folder)) {
        files.realPath(folder + "/" + name).ifPresent(path -> paths.put(name, path));
      }
    }
    return paths;
  }
}
