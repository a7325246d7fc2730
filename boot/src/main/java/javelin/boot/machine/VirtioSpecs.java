package javelin.boot.machine;

import java.util.List;

/**
 * The virtio devices of a machine.
 *
 * @param disks in the order in which the guest sees them
 * @param rng the source of random bytes; null for none
 * @param nets network devices, in the order in which the guest sees them
 * @param consoles the console and the ports
 * @param balloon the memory balloon; null for none
 * @param vsock sockets between guest and host; null for none
 */
public record VirtioSpecs(
    List<DiskSpec> disks,
    RngSpec rng,
    List<NetSpec> nets,
    ConsoleSpec consoles,
    BalloonSpec balloon,
    VsockSpec vsock) {
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
    this(disks, rng, nets, consoles, balloon, null);
  }

  /** Keeps copies of the lists. */
  public VirtioSpecs {
    disks = List.copyOf(disks);
    nets = List.copyOf(nets);
  }
}
