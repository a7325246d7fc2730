package javelin.perf.assign;

import java.util.List;
import java.util.Set;
import java.util.function.Supplier;
import javelin.boot.guest.bench.AssignCase;
import javelin.boot.machine.AssignSpec;
import javelin.boot.machine.DiskSpec;

/**
 * A way in which the guest has the device.
 *
 * @param name for reports
 * @param assigned the device as it is assigned; null where the guest gets a virtio disk
 * @param disk tells the virtio disk, once the device is back with the host; null where assigned
 * @param kinds what is measured
 */
record Side(String name, AssignSpec assigned, Supplier<DiskSpec> disk, Set<AssignCase.Kind> kinds) {
  static Side of(String name, AssignSpec assigned, Set<AssignCase.Kind> kinds) {
    return new Side(name, assigned, null, kinds);
  }

  static Side ofVirtio(Supplier<DiskSpec> disk, Set<AssignCase.Kind> kinds) {
    return new Side(Sides.VIRTIO, null, disk, kinds);
  }

  boolean isVirtio() {
    return assigned == null;
  }

  /** What is assigned; none for virtio. */
  List<AssignSpec> assignedDevices() {
    return isVirtio() ? List.of() : List.of(assigned);
  }
}
