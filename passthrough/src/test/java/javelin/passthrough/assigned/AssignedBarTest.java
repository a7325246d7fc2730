package javelin.passthrough.assigned;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Random;
import javelin.devices.pci.ConfigSpace;
import javelin.devices.pci.PciIdentity;
import javelin.passthrough.fake.AssignBench;
import javelin.passthrough.model.ModelShape;
import javelin.passthrough.vfio.KernelVfio;
import javelin.passthrough.vfio.VfioRegion.Area;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** Which parts of BARs are memory slots of the guest, and where, as BARs and power change. */
final class AssignedBarTest {
  private static final long PAGE = 4096;
  private static final int POWER_CONTROL = 0x44;
  private static final int EXPRESS_CONTROL = 0x48 + 8;
  private static final long HOT = 0xc010_0000L;
  private static final long SPARSE = 0xc020_0000L;

  private interface Body {
    void run(AssignBench bench, AssignedFunction function);
  }

  /** BAR 0 64-bit of 64 KiB, BAR 2 with the MSI-X table among its registers, BAR 3 sparse. */
  private static void assigned(Body body) {
    ModelShape shape =
        new ModelShape(new PciIdentity(0x1234, 1, 0xff00, 0, 0, 0), ConfigSpace.EXPRESS_LENGTH)
            .mappedBar(0, 0x1_0000, ModelShape.MEMORY_64)
            .bar(2, 0x8000, 0, List.of(new Area(0, 0x8000)))
            .bar(3, 0x8000, 0, List.of(new Area(0, 0x1000), new Area(0x4000, 0x3000)))
            .powerManagement()
            .express()
            .msix(80, 2, 0x1000, 0x3800, false);
    try (AssignBench bench = new AssignBench(shape);
        KernelVfio vfio = bench.open()) {
      try (AssignedFunction function = bench.assign(vfio.devices().get(0))) {
        body.run(bench, function);
        assertThat(bench.kvm.violations()).isEmpty();
        assertThat(bench.problems).isEmpty();
      }
      assertThat(bench.kvm.slots()).isEmpty();
      assertThat(bench.mmio.ranges()).isEmpty();
    }
  }

  private static void place(AssignedFunction function) {
    function.writeConfig(0x14, 4, 0x100);
    function.writeConfig(0x18, 4, HOT);
    function.writeConfig(0x1c, 4, SPARSE);
    function.writeConfig(4, 2, 2);
  }

  private static final Map<Long, Long> PLACED =
      Map.of(
          1L << 40,
          0x1_0000L,
          HOT,
          0x1000L,
          HOT + 0x2000,
          0x1000L,
          HOT + 0x4000,
          0x4000L,
          SPARSE,
          0x1000L,
          SPARSE + 0x4000,
          0x3000L);

  @Test
  void shouldLeaveOutExactlyThePagesThatAreTrapped() {
    List<Area> all = List.of(new Area(0, 4 * PAGE), new Area(8 * PAGE, 2 * PAGE));
    assertThat(AssignedBar.without(all, List.of(), PAGE)).isEqualTo(all);
    assertThat(AssignedBar.without(all, List.of(new Area(PAGE + 16, 16)), PAGE))
        .containsExactly(
            new Area(0, PAGE), new Area(2 * PAGE, 2 * PAGE), new Area(8 * PAGE, 2 * PAGE));
    assertThat(AssignedBar.without(all, List.of(new Area(PAGE - 1, 2)), PAGE))
        .containsExactly(new Area(2 * PAGE, 2 * PAGE), new Area(8 * PAGE, 2 * PAGE));
    assertThat(
            AssignedBar.without(
                all, List.of(new Area(0, 1), new Area(3 * PAGE, 6 * PAGE + 1)), PAGE))
        .containsExactly(new Area(PAGE, 2 * PAGE));
    assertThat(AssignedBar.without(all, List.of(new Area(5 * PAGE, 16)), PAGE)).isEqualTo(all);
    assertThat(AssignedBar.without(all, List.of(new Area(0, 16 * PAGE)), PAGE)).isEmpty();
  }

  @Test
  void shouldLeaveOutOnlyWhatIsTrappedAtRandom() {
    for (long seed = 0; seed < 500; seed++) {
      Random random = new Random(seed);
      List<Area> areas = new ArrayList<>();
      for (int page = 0; page < 40; page += 1 + random.nextInt(8)) {
        int pages = 1 + random.nextInt(6);
        areas.add(new Area(page * PAGE, pages * PAGE));
        page += pages;
      }
      List<Area> holes = new ArrayList<>();
      for (int i = random.nextInt(4); i > 0; i--) {
        holes.add(new Area(random.nextInt(40 * (int) PAGE), 1 + random.nextInt(3 * (int) PAGE)));
      }
      List<Area> left = AssignedBar.without(areas, holes, PAGE);
      for (long page = 0; page < 60; page++) {
        boolean isTrapped = touches(holes, page);
        assertThat(touches(left, page))
            .as("seed %d, page %d", seed, page)
            .isEqualTo(touches(areas, page) && !isTrapped);
      }
    }
  }

  private static boolean touches(List<Area> areas, long page) {
    return areas.stream().anyMatch(a -> a.offset() < (page + 1) * PAGE && a.end() > page * PAGE);
  }

  @Test
  void shouldMapAllButTheTableAndTheAreasAsGiven() {
    assigned(
        (bench, function) -> {
          place(function);
          assertThat(bench.kvm.slots()).containsExactlyInAnyOrderEntriesOf(PLACED);
          function.writeConfig(4, 2, 0);
          assertThat(bench.kvm.slots()).isEmpty();
        });
  }

  @Test
  void shouldTrapWhileTheFunctionSleeps() {
    assigned(
        (bench, function) -> {
          place(function);
          function.writeConfig(POWER_CONTROL, 2, 3);
          assertThat(bench.kvm.slots()).isEmpty();
          function.writeConfig(POWER_CONTROL, 2, 0);
          assertThat(bench.kvm.slots()).containsExactlyInAnyOrderEntriesOf(PLACED);
        });
  }

  @Test
  void shouldUnmapBeforeTheDeviceCeasesToAnswer() {
    assigned(
        (bench, function) -> {
          int[] silences = {0};
          bench.vfio.whenSilenced(
              () -> {
                silences[0]++;
                assertThat(bench.kvm.slots()).isEmpty();
              });
          place(function);
          function.writeConfig(4, 2, 0);
          place(function);
          function.writeConfig(4, 1, 5);
          place(function);
          function.writeConfig(POWER_CONTROL, 2, 3);
          function.writeConfig(POWER_CONTROL, 2, 0);
          function.writeConfig(EXPRESS_CONTROL, 2, 0x8000);
          place(function);
          function.reset();
          assertThat(silences[0]).isEqualTo(5);
          assertThat(bench.kvm.slots()).isEmpty();
          place(function);
          assertThat(bench.kvm.slots()).containsExactlyInAnyOrderEntriesOf(PLACED);
        });
  }

  @Test
  void shouldMapAgainWhenAGuestsResetWakesTheFunctionUp() {
    assigned(
        (bench, function) -> {
          place(function);
          function.writeConfig(POWER_CONTROL, 2, 3);
          bench.shape.config().set(POWER_CONTROL, 2, 0);
          function.writeConfig(EXPRESS_CONTROL, 2, 0x8000);
          assertThat(bench.kvm.slots()).as("the command register is 0").isEmpty();
          place(function);
          assertThat(bench.kvm.slots()).containsExactlyInAnyOrderEntriesOf(PLACED);
        });
  }

  @ParameterizedTest
  @ValueSource(longs = {1, 2, 3, 4, 5})
  void shouldNeverOverlapWhenBarsMoveOverEachOther(long seed) {
    Random random = new Random(seed);
    assigned(
        (bench, function) -> {
          place(function);
          for (int step = 0; step < 2_000; step++) {
            int register = 0x10 + 4 * random.nextInt(4);
            long low = 0xc000_0000L + 0x4000L * random.nextInt(8);
            function.writeConfig(register, 4, register == 0x14 ? 0 : low);
            if (random.nextInt(8) == 0) {
              function.writeConfig(4, 2, random.nextInt(4));
            }
            if (random.nextInt(8) == 0) {
              function.writeConfig(POWER_CONTROL, 2, random.nextInt(4));
            }
            String as = "seed " + seed + ", step " + step;
            // The fake notes slots that overlap.
            assertThat(bench.kvm.violations()).as(as).isEmpty();
            requireWithinBars(bench, function, as);
          }
        });
  }

  /** Each slot lies where a BAR is decoded, and the device is awake. */
  private static void requireWithinBars(AssignBench bench, AssignedFunction function, String as) {
    boolean isDecoded = (function.readConfig(4, 2) & 2) != 0;
    boolean isAwake = (function.readConfig(POWER_CONTROL, 2) & 3) == 0;
    long bar0 = (function.readConfig(0x10, 4) & ~15L) | function.readConfig(0x14, 4) << 32;
    long bar2 = function.readConfig(0x18, 4) & ~15L;
    long bar3 = function.readConfig(0x1c, 4) & ~15L;
    bench
        .kvm
        .slots()
        .forEach(
            (start, length) -> {
              boolean isInside =
                  isWithin(start, length, bar0, 0x1_0000)
                      || isWithin(start, length, bar2, 0x8000)
                      || isWithin(start, length, bar3, 0x8000);
              assertThat(isDecoded && isAwake && isInside).as("%s: slot 0x%x", as, start).isTrue();
            });
  }

  private static boolean isWithin(long start, long length, long bar, long size) {
    return start >= bar && start + length <= bar + size;
  }
}
