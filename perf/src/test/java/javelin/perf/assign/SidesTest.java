package javelin.perf.assign;

import static org.assertj.core.api.Assertions.assertThat;

import java.nio.file.Path;
import java.util.List;
import java.util.Optional;
import javelin.boot.guest.bench.AssignCase.Kind;
import javelin.boot.machine.AssignSpec;
import javelin.boot.machine.DiskSpec;
import org.junit.jupiter.api.Test;

final class SidesTest {
  private static final DiskSpec DISK = new DiskSpec(Path.of("disk.img"), false, "", 1);

  private static List<Side> sides(String device, boolean hasDisk, boolean writes) {
    AssignSpec spec = AssignSpec.parse("DEVICE", device, false);
    return Sides.of(spec, hasDisk ? () -> DISK : null, writes, Sides.NAMES);
  }

  private static Side find(List<Side> sides, String name) {
    return sides.stream().filter(side -> side.name().equals(name)).findFirst().orElseThrow();
  }

  @Test
  void shouldSwitchOneFastPathOffOnEachSide() {
    List<Side> sides = sides("demo", true, false);
    assertThat(sides.stream().map(Side::name)).isEqualTo(Sides.NAMES);
    assertThat(find(sides, "assigned").assigned().options().mapBars()).isTrue();
    assertThat(find(sides, "no mmap").assigned().options().mapBars()).isFalse();
    assertThat(find(sides, "no mmap").assigned().options().irqfd()).isTrue();
    assertThat(find(sides, "no irqfd").assigned().options().irqfd()).isFalse();
    assertThat(find(sides, "no resample").assigned().options().resample()).isFalse();
    assertThat(find(sides, "virtio").assignedDevices()).isEmpty();
    assertThat(find(sides, "virtio").disk().get()).isSameAs(DISK);
  }

  @Test
  void shouldKeepWhatTheUserHasSwitchedOffOnEverySide() {
    assertThat(sides("demo,x-no-irqfd", false, false))
        .hasSize(4)
        .allMatch(side -> !side.assigned().options().irqfd());
  }

  @Test
  void shouldWriteOnlyWhereItIsAllowed() {
    assertThat(sides("demo", true, false))
        .noneMatch(side -> side.kinds().contains(Kind.DISK_WRITE));
    assertThat(find(sides("demo", true, true), "virtio").kinds()).contains(Kind.DISK_WRITE);
  }

  @Test
  void shouldMeasureOnlyWhatAFastPathChanges() {
    List<Side> sides = sides("demo", false, true);
    assertThat(find(sides, "no resample").kinds()).containsExactly(Kind.INTX);
    assertThat(find(sides, "no irqfd").kinds()).doesNotContain(Kind.REGISTER);
  }

  @Test
  void shouldFindTheDiskOfAServedController() {
    AssignSpec nvme = AssignSpec.parse("DEVICE", "demo:nvme,disk=disk.img", false);
    DiskSpec disk = Backing.of(nvme, false).orElseThrow().get();
    assertThat(disk.path()).isEqualTo(Path.of("disk.img"));
    assertThat(disk.isReadOnly()).isTrue();
    assertThat(Backing.of(nvme, true).orElseThrow().get().isReadOnly()).isFalse();
    assertThat(Backing.of(AssignSpec.parse("DEVICE", "demo", false), true))
        .isEqualTo(Optional.empty());
  }
}
