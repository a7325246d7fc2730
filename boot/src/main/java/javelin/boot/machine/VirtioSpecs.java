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
 */
public record VirtioSpecs(
    List<DiskSpec> disks,
    RngSpec rng,
    List<NetSpec> nets,
    ConsoleSpec consoles,
    BalloonSpec balloon) {
  /** No devices. */
  public static final VirtioSpecs NONE = new VirtioSpecs(List.of(), null);

  /** Disks and random bytes only. */
  public VirtioSpecs(List<DiskSpec> disks, RngSpec rng) {
    this(disks, rng, List.of(), ConsoleSpec.NONE, null);
  }

  /** Keeps copies of the lists. */
  public VirtioSpecs {
    disks = List.copyOf(disks);
    nets = List.copyOf(nets);
  }
}
