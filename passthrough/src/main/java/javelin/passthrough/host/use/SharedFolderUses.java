package javelin.passthrough.host.use;

import java.util.List;
import java.util.Set;
import javelin.passthrough.host.HostDevice;
import javelin.passthrough.host.use.DeviceUse.Kind;
import javelin.vmm.linux.HostFiles;

/**
 * Folders that this host, where it is a virtual machine itself, has from the one below it. Whether
 * one is mounted cannot be told for sure (a root file system may be hidden below an overlay), so
 * each that has its driver counts.
 */
final class SharedFolderUses implements UseCheck {
  private static final String FOLDER = "/sys/bus/virtio/devices";
  private static final Set<String> DRIVERS = Set.of("9pnet_virtio", "virtiofs");

  private final HostFiles files;
  private final ClassDevices virtio;

  SharedFolderUses(HostFiles files) {
    this.files = files;
    virtio = new ClassDevices(files, FOLDER);
  }

  @Override
  public List<DeviceUse> uses(HostDevice device) {
    return virtio.below(device).stream()
        .filter(
            name ->
                files
                    .linkName(FOLDER + "/" + name + "/driver")
                    .filter(DRIVERS::contains)
                    .isPresent())
        .map(
            name ->
                new DeviceUse(
                    Kind.SHARE,
                    name,
                    "it is the shared folder" + tag(name) + ", which may be mounted"))
        .toList();
  }

  /** The driver of 9p shows the tag, with a zero behind it. */
  private String tag(String name) {
    return files
        .text(FOLDER + "/" + name + "/mount_tag")
        .map(text -> " \"" + text.replace("\0", "") + "\"")
        .orElse("");
  }
}
