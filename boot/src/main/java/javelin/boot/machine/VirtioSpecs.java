package javelin.boot.machine;

import java.util.HashSet;
import java.util.List;
import java.util.Set;

/**
 * The virtio devices of a machine.
 *
 * @param disks in the order in which the guest sees them
 * @param rng the source of random bytes; null for none
 * @param nets network devices, in the order in which the guest sees them
 * @param consoles the console and the ports
 * @param balloon the memory balloon; null for none
 * @param vsock sockets between guest and host; null for none
 * @param folders folders of the host's, in the order in which the guest sees them
 */
public record VirtioSpecs(
    List<DiskSpec> disks,
    RngSpec rng,
    List<NetSpec> nets,
    ConsoleSpec consoles,
    BalloonSpec balloon,
    VsockSpec vsock,
    List<FsSpec> folders) {
  /** No devices. */
  public static final VirtioSpecs NONE = new VirtioSpecs(List.of(), null);

  /** Disks and random bytes only. */
  public VirtioSpecs(List<DiskSpec> disks, RngSpec rng) {
    this(disks, rng, List.of(), ConsoleSpec.NONE, null);
  }

  /** What moves bytes, and the balloon, only. */
  public VirtioSpecs(
      List<DiskSpec> disks,
      RngSpec rng,
      List<NetSpec> nets,
      ConsoleSpec consoles,
      BalloonSpec balloon) {
    this(disks, rng, nets, consoles, balloon, null, List.of());
  }

  /**
   * Keeps copies of the lists.
   *
   * @throws ConfigException where two folders have one tag
   */
  public VirtioSpecs {
    disks = List.copyOf(disks);
    nets = List.copyOf(nets);
    folders = List.copyOf(folders);
    Set<String> tags = new HashSet<>();
    for (FsSpec folder : folders) {
      if (!tags.add(folder.tag())) {
        throw new ConfigException(FsSpec.OPTION, folder, "give each tag only once");
      }
    }
  }
}
