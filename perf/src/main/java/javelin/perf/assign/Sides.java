package javelin.perf.assign;

import java.util.ArrayList;
import java.util.EnumSet;
import java.util.List;
import java.util.Set;
import java.util.function.Supplier;
import javelin.boot.guest.bench.AssignCase.Kind;
import javelin.boot.machine.AssignSpec;
import javelin.boot.machine.DiskSpec;
import javelin.passthrough.assigned.AssignOptions;

/** The ways in which a device is measured: assigned, with each fast path off, and virtio. */
final class Sides {
  static final String ASSIGNED = "assigned";
  static final String NO_MMAP = "no mmap";
  static final String NO_IRQFD = "no irqfd";
  static final String NO_RESAMPLE = "no resample";
  static final String VIRTIO = "virtio";

  /** All, in order. */
  static final List<String> NAMES = List.of(ASSIGNED, NO_MMAP, NO_IRQFD, NO_RESAMPLE, VIRTIO);

  private static final Set<Kind> READING = EnumSet.complementOf(EnumSet.of(Kind.DISK_WRITE));

  private Sides() {}

  /**
   * The sides of {@code names}.
   *
   * @param disk tells the virtio disk; null where there is none
   * @param writes whether the disk is written to
   */
  static List<Side> of(
      AssignSpec device, Supplier<DiskSpec> disk, boolean writes, List<String> names) {
    Set<Kind> all = writes ? EnumSet.allOf(Kind.class) : READING;
    Set<Kind> interrupting = EnumSet.copyOf(all);
    interrupting.remove(Kind.REGISTER);
    AssignOptions o = device.options();
    List<Side> sides = new ArrayList<>();
    sides.add(Side.of(ASSIGNED, device, all));
    sides.add(Side.of(NO_MMAP, with(device, false, o.irqfd(), o.resample()), all));
    sides.add(Side.of(NO_IRQFD, with(device, o.mapBars(), false, o.resample()), interrupting));
    sides.add(
        Side.of(NO_RESAMPLE, with(device, o.mapBars(), o.irqfd(), false), EnumSet.of(Kind.INTX)));
    if (disk != null) {
      Set<Kind> ofVirtio = EnumSet.copyOf(all);
      ofVirtio.remove(Kind.INTX);
      sides.add(Side.ofVirtio(disk, ofVirtio));
    }
    return sides.stream().filter(side -> names.contains(side.name())).toList();
  }

  private static AssignSpec with(
      AssignSpec spec, boolean mapBars, boolean irqfd, boolean resample) {
    AssignOptions o = spec.options();
    return new AssignSpec(
        spec.device(),
        spec.slot(),
        new AssignOptions(mapBars, irqfd, resample, o.prefault(), o.allowNoReset(), o.rom()),
        spec.isTaken(),
        spec.faults());
  }
}
